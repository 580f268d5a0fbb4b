//! The cases, by subject.

mod assets;
mod closing;
mod commit;
mod counts;
mod damage;
mod deletion;
mod failure;
mod load;
mod media;
mod merge;
mod migration;
mod oplog;
mod places;
mod rows;
mod settings;
mod sync;
mod versions;

use crate::{
    harness::{Case, Ground, Hands, Harness},
    model,
};

/// Hands all cases to the macro `$then`: `everywhere { subject { case … } … } kept { … }`.
///
/// `everywhere`: what every database promises. `kept`: what one promises that outlives its connections.
#[macro_export]
macro_rules! for_each_case {
    ($then:ident) => {
        $then! {
            everywhere {
                commit {
                    rows_settings_and_record_are_stored_together
                    calls_take_effect_in_the_order_in_which_they_were_made
                    a_dropped_commit_still_commits
                    a_dropped_deletion_still_deletes
                    an_empty_batch_changes_nothing
                    a_commit_gives_the_rows_as_they_are_now
                    repeating_a_batch_changes_nothing_but_versions
                    versions_rise_by_one_with_each_commit_of_the_row
                    one_batch_may_touch_several_workflows
                    ten_thousand_entities_are_committed_and_loaded
                    a_large_batch_over_stored_rows_equals_the_same_one_by_one
                    random_batches_are_stored_as_their_merge
                }
                model {
                    tabs_that_edit_and_fail_and_die_end_with_what_was_acknowledged
                    a_fault_at_any_operation_loses_nothing
                }
                merge {
                    two_connections_lose_neither_field
                    an_older_value_never_replaces_a_newer_one
                    a_removal_beats_older_values_and_is_kept
                    registers_of_a_newer_build_survive
                    every_digit_and_every_character_stays_what_it_was
                    two_connections_at_once_store_the_merge_of_all
                }
                load {
                    an_empty_database_has_nothing
                    rows_come_in_the_order_of_their_ids
                    a_workflow_loads_alone
                    a_load_is_all_of_one_moment
                    what_is_deleted_by_a_register_is_still_there
                    a_deletion_removes_all_of_its_workflow_and_nothing_else
                    a_deleted_workflow_can_be_stored_again
                }
                rows {
                    no_keys_give_no_rows
                    rows_are_those_that_loading_gives_in_the_order_of_their_keys
                    rows_that_are_not_there_are_left_out
                    rows_that_are_deleted_by_a_register_are_given
                    rows_show_what_was_committed_before_they_were_asked_for
                    rows_are_all_of_one_moment
                }
                settings {
                    a_setting_is_set_replaced_and_removed
                    null_is_a_setting_and_none_is_not
                    a_setting_is_any_json
                    the_version_of_what_is_stored_is_a_setting
                    settings_alone_touch_no_row
                }
                counts {
                    counts_follow_adding_deleting_and_restoring
                    repeated_patches_count_once
                    a_late_patch_to_a_missing_row_is_kept_but_not_counted
                    counts_belong_to_one_workflow
                    only_workflows_have_counts
                    the_time_of_a_workflow_is_that_of_its_newest_change
                }
                oplog {
                    a_record_is_written_only_when_it_is_asked_for
                    records_come_oldest_first_and_hold_their_patches
                    a_repeated_batch_leaves_one_record
                    settings_alone_make_no_record
                }
                sync {
                    a_pruned_record_is_gone_and_the_others_stay
                    a_batch_may_record_and_prune
                    a_record_can_have_an_id_that_nothing_else_has
                    what_a_server_told_is_not_recorded_beside_an_edit_that_is
                    an_upload_is_recorded_and_changes_no_row
                    what_is_rejected_is_replaced_by_what_the_server_has
                    an_edit_later_than_the_rejected_one_stays
                    an_undone_creation_leaves_nothing_that_counts_and_no_late_clock
                    a_row_is_removed_only_while_it_is_unchanged
                }
                assets {
                    an_added_asset_is_found_by_id_and_by_content
                    contents_are_looked_up_together
                    assets_come_in_the_order_of_their_ids
                    more_assets_than_are_read_at_once_come_in_the_order_of_their_ids
                    a_content_is_added_once
                    two_connections_that_add_one_content_agree_on_its_row
                    a_change_replaces_the_row
                    a_change_does_not_bring_back_what_was_removed
                    a_removed_content_can_be_added_again
                    what_a_node_refers_to_is_not_removed
                    uses_follow_what_nodes_say
                    uses_follow_deletion_and_restoration
                    two_connections_keep_one_index
                    a_commit_names_the_assets_that_are_not_here
                    fields_of_an_asset_that_only_a_newer_build_knows_survive
                    every_kind_of_place_and_every_number_comes_back
                    a_thumbnail_comes_with_its_asset_alone_and_goes_with_it
                }
            }
            kept {
                closing {
                    reopening_finds_everything
                    closing_finishes_what_is_under_way
                    a_closed_connection_opens_again_with_the_next_call
                    closing_twice_is_fine
                    a_connection_that_is_dropped_lets_others_go_on
                    assets_and_their_uses_outlive_the_connection
                }
                failure {
                    a_failed_commit_leaves_nothing
                    a_failed_commit_is_repeated_without_trace
                    a_failed_commit_does_not_stop_those_behind_it
                }
                versions {
                    a_newer_schema_is_read_and_untouched
                    a_schema_raised_under_us_is_read_and_not_written_to
                    a_newer_schema_without_our_tables_is_said_and_untouched
                    opening_again_changes_nothing
                }
                migration {
                    steps_are_done_in_their_order_and_once
                    a_schema_between_needs_only_the_rest
                    a_new_database_is_of_the_latest_schema_and_needs_no_copy
                    a_copy_is_made_before_each_step
                    a_step_that_fails_leaves_everything_as_it_was_and_is_done_again
                    steps_before_one_that_fails_are_done
                    an_older_build_only_reads_what_was_migrated
                    two_that_open_at_once_do_each_step_once
                }
                damage {
                    single_rows_that_cannot_be_read_are_left_out
                    a_row_that_cannot_be_read_is_named_and_the_rest_opens
                    among_thousands_of_rows_the_damaged_ones_are_named
                    a_workflow_that_cannot_be_read_is_named_and_the_rest_opens
                    a_row_of_another_entity_is_named
                    reading_leaves_a_damaged_row_as_it_is
                    a_damaged_row_is_set_aside_before_it_is_written_anew
                    a_damaged_row_goes_with_its_workflow
                    an_asset_that_cannot_be_read_is_named_and_the_rest_is_given
                }
                deletion {
                    a_database_deleted_under_us_is_said_by_every_call_and_not_made_again
                    a_deleted_database_is_made_again_when_asked_and_takes_everything
                    making_a_database_again_that_is_there_changes_nothing
                    what_is_stored_after_somebody_else_made_it_again_is_found
                }
            }
        }
    };
}

macro_rules! lists {
    (everywhere { $($module:ident { $($case:ident)* })* } kept { $($kept_module:ident { $($kept:ident)* })* }) => {
        /// What every database promises.
        pub const EVERYWHERE: &[Case<dyn Harness>] =
            &[$($(Case { name: stringify!($case), run: |harness| Box::pin($module::$case(harness)) },)*)*];

        /// What a database promises that outlives its connections.
        pub const KEPT: &[Case<dyn Hands>] =
            &[$($(Case { name: stringify!($kept), run: |hands| Box::pin($kept_module::$kept(hands)) },)*)*];
    };
}
for_each_case!(lists);

/// Hands all cases of places for bytes to the macro `$then`: `places { case … } media { case … }`.
///
/// `places`: what every place promises. `media`: what is promised of media that are kept there.
#[macro_export]
macro_rules! for_each_place_case {
    ($then:ident) => {
        $then! {
            places {
                what_is_kept_is_what_was_put
                what_was_hashed_before_is_kept_as_it_was_or_not_at_all
                what_was_hashed_before_is_forgotten_like_anything_else
                a_large_content_tells_how_far_it_has_come
                a_range_gives_what_it_names_and_no_more_than_there_is
                an_empty_content_is_a_content
                several_contents_at_once_do_not_mix
                a_put_that_is_called_off_leaves_nothing
                a_put_that_nobody_waits_for_leaves_nothing
                what_was_only_staged_is_swept_and_what_is_kept_stays
                what_no_row_knows_is_swept
                what_is_discarded_is_gone
                what_is_not_there_is_said_by_every_call
                a_row_that_points_elsewhere_finds_nothing
                a_content_that_comes_back_gets_the_name_of_its_asset
                a_content_can_be_put_elsewhere
            }
            media {
                the_same_content_is_stored_once
                puts_of_one_content_at_once_keep_one
                a_content_that_was_lost_is_healed_by_putting_it_again
                a_clean_up_frees_what_nobody_refers_to_and_nothing_else
                nothing_is_cleaned_up_while_somebody_holds_it
                who_holds_one_content_may_put_another_while_a_clean_up_waits
                who_reuses_a_content_while_it_is_cleaned_up_never_has_a_row_without_bytes
                a_put_that_fails_leaves_nothing
                a_sweep_steps_back_while_somebody_adds_media
                a_sweep_removes_what_interrupted_work_has_left_and_nothing_else
                a_sweep_leaves_bytes_of_which_the_row_is_lost_while_a_node_refers_to_them
                a_move_that_is_called_off_leaves_everything_readable
                verifying_names_what_was_changed_or_lost
                what_was_found_to_be_damaged_is_healed_by_putting_it_again
                media_keep_their_thumbnails_when_they_move
                all_media_move_to_another_place_and_back
                what_has_changed_is_not_moved
                moving_to_where_media_are_already_changes_nothing
                where_new_media_go_is_remembered
                usage_tells_what_is_kept_where_and_for_whom
            }
        }
    };
}

macro_rules! place_lists {
    (places { $($place:ident)* } media { $($media:ident)* }) => {
        /// What every place for bytes promises.
        pub const PLACES: &[Case<dyn Ground>] =
            &[$(Case { name: stringify!($place), run: |ground| Box::pin(places::$place(ground)) },)*];

        /// What is promised of media.
        pub const MEDIA: &[Case<dyn Ground>] =
            &[$(Case { name: stringify!($media), run: |ground| Box::pin(media::$media(ground)) },)*];
    };
}
for_each_place_case!(place_lists);

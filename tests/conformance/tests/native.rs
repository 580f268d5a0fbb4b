//! The contracts over the databases of this machine, memory and `SQLite`, and over its places for bytes.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

#[path = "native/files.rs"]
mod files;
#[path = "native/ground.rs"]
mod ground;
#[path = "native/memory.rs"]
mod in_memory;
#[path = "native/sqlite.rs"]
mod in_sqlite;
#[path = "native/model.rs"]
mod model;

use std::{future::Future, rc::Rc, time::Duration};

use conformance::{Case, EVERYWHERE, KEPT, MEDIA, PLACES};
use futures::future::LocalBoxFuture;

macro_rules! over_memory {
    (everywhere { $($module:ident { $($case:ident)* })* } kept { $($kept_module:ident { $($kept:ident)* })* }) => {
        mod memory {
            $(mod $module {
                $(#[test]
                fn $case() {
                    let harness = std::rc::Rc::new(crate::in_memory::InMemory::default());
                    crate::run(crate::EVERYWHERE, stringify!($case), harness);
                })*
            })*

            $(mod $kept_module {
                $(#[test]
                #[ignore = "memory has nothing that outlives its connections"]
                fn $kept() {})*
            })*
        }
    };
}
conformance::for_each_case!(over_memory);

macro_rules! over_sqlite {
    (everywhere { $($module:ident { $($case:ident)* })* } kept { $($kept_module:ident { $($kept:ident)* })* }) => {
        mod sqlite {
            $(mod $module {
                $(#[test]
                fn $case() {
                    let harness = std::rc::Rc::new(crate::in_sqlite::InSqlite::new());
                    crate::run(crate::EVERYWHERE, stringify!($case), harness);
                })*
            })*

            $(mod $kept_module {
                $(#[test]
                fn $kept() {
                    let hands = std::rc::Rc::new(crate::in_sqlite::InSqlite::new());
                    crate::run(crate::KEPT, stringify!($kept), hands);
                })*
            })*
        }
    };
}
conformance::for_each_case!(over_sqlite);

macro_rules! over_places {
    (places { $($place:ident)* } media { $($media:ident)* }) => {
        mod places_in_memory {
            $(#[test]
            fn $place() {
                let kind = crate::ground::Kind::Memory(storage::blobs::MemoryPlace::default());
                crate::run(crate::PLACES, stringify!($place), std::rc::Rc::new(crate::ground::Here::new(kind)));
            })*

            $(#[test]
            fn $media() {
                let kind = crate::ground::Kind::Memory(storage::blobs::MemoryPlace::default());
                crate::run(crate::MEDIA, stringify!($media), std::rc::Rc::new(crate::ground::Here::new(kind)));
            })*
        }

        mod places_in_files {
            $(#[test]
            fn $place() {
                let ground = crate::ground::Here::new(crate::ground::Kind::Files);
                crate::run(crate::PLACES, stringify!($place), std::rc::Rc::new(ground));
            })*

            $(#[test]
            fn $media() {
                let ground = crate::ground::Here::new(crate::ground::Kind::Files);
                crate::run(crate::MEDIA, stringify!($media), std::rc::Rc::new(ground));
            })*
        }

        mod places_in_sqlite {
            $(#[test]
            fn $place() {
                let ground = crate::ground::Here::new(crate::ground::Kind::Database);
                crate::run(crate::PLACES, stringify!($place), std::rc::Rc::new(ground));
            })*

            $(#[test]
            fn $media() {
                let ground = crate::ground::Here::new(crate::ground::Kind::Database);
                crate::run(crate::MEDIA, stringify!($media), std::rc::Rc::new(ground));
            })*
        }

        mod places_in_a_chosen_folder {
            $(#[test]
            fn $place() {
                let ground = crate::ground::Here::new(crate::ground::Kind::Chosen);
                crate::run(crate::PLACES, stringify!($place), std::rc::Rc::new(ground));
            })*

            $(#[test]
            fn $media() {
                let ground = crate::ground::Here::new(crate::ground::Kind::Chosen);
                crate::run(crate::MEDIA, stringify!($media), std::rc::Rc::new(ground));
            })*
        }
    };
}
conformance::for_each_place_case!(over_places);

fn run<H: ?Sized>(cases: &[Case<H>], name: &str, harness: Rc<H>) {
    let case = cases.iter().find(|case| case.name == name).unwrap();
    block_on((case.run)(harness));
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

fn pause(millis: u32) -> LocalBoxFuture<'static, ()> {
    Box::pin(tokio::time::sleep(Duration::from_millis(millis.into())))
}

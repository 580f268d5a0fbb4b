//! Settings of `ComfyUI`'s own nodes.
//!
//! Most files say nothing of the names of a node's values unless the value is also an input. So this lists the classes that
//! occur in nearly every workflow, whose settings have not changed for years. What isn't here keeps its place in the list as
//! its name.

/// The names of a core class' widgets in the order of their values, without those that `ComfyUI` adds behind a seed. None
/// unless they are `count`: then the file is of a version that is not known here.
pub(super) fn widgets(class: &str, count: usize) -> Option<&'static [&'static str]> {
    let widgets = known(class)?;
    (widgets.len() == count).then_some(widgets)
}

fn known(class: &str) -> Option<&'static [&'static str]> {
    Some(match class {
        "BasicScheduler" => &["scheduler", "steps", "denoise"],
        "CFGGuider" => &["cfg"],
        "CLIPLoader" => &["clip_name", "type", "device"],
        "CLIPSetLastLayer" => &["stop_at_clip_layer"],
        "CLIPTextEncode" | "MarkdownNote" | "Note" => &["text"],
        "CLIPVisionEncode" => &["crop"],
        "CLIPVisionLoader" => &["clip_name"],
        "CheckpointLoaderSimple" => &["ckpt_name"],
        "ControlNetApplyAdvanced" => &["strength", "start_percent", "end_percent"],
        "ControlNetLoader" => &["control_net_name"],
        "DualCLIPLoader" => &["clip_name1", "clip_name2", "type", "device"],
        "EmptyLatentImage" | "EmptySD3LatentImage" => &["width", "height", "batch_size"],
        "FluxGuidance" => &["guidance"],
        "ImagePadForOutpaint" => &["left", "top", "right", "bottom", "feathering"],
        "ImageScale" | "LatentUpscale" => &["upscale_method", "width", "height", "crop"],
        "ImageScaleBy" | "LatentUpscaleBy" => &["upscale_method", "scale_by"],
        "KSampler" => &["seed", "steps", "cfg", "sampler_name", "scheduler", "denoise"],
        "KSamplerAdvanced" => &[
            "add_noise",
            "noise_seed",
            "steps",
            "cfg",
            "sampler_name",
            "scheduler",
            "start_at_step",
            "end_at_step",
            "return_with_leftover_noise",
        ],
        "KSamplerSelect" => &["sampler_name"],
        "LoadImage" => &["image", "upload"],
        "LoadVideo" => &["file", "upload"],
        "LoraLoader" => &["lora_name", "strength_model", "strength_clip"],
        "LoraLoaderModelOnly" => &["lora_name", "strength_model"],
        "ModelSamplingSD3" => &["shift"],
        "PrimitiveBoolean" | "PrimitiveFloat" | "PrimitiveInt" | "PrimitiveString" | "PrimitiveStringMultiline" => {
            &["value"]
        }
        "QuadrupleCLIPLoader" => &["clip_name1", "clip_name2", "clip_name3", "clip_name4"],
        "RandomNoise" => &["noise_seed"],
        "SaveImage" => &["filename_prefix"],
        "SaveVideo" => &["filename_prefix", "format", "codec"],
        "StringConcatenate" => &["string_a", "string_b", "delimiter"],
        "StyleModelLoader" => &["style_model_name"],
        "TripleCLIPLoader" => &["clip_name1", "clip_name2", "clip_name3"],
        "UNETLoader" => &["unet_name", "weight_dtype"],
        "UpscaleModelLoader" => &["model_name"],
        "VAEDecodeTiled" => &["tile_size", "overlap", "temporal_size", "temporal_overlap"],
        "VAELoader" => &["vae_name"],
        _ => return None,
    })
}

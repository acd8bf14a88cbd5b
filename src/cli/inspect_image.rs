//! An image as `box inspect` shows it: podman's shape.

use crate::store::images::Image;
use crate::store::layout::Store;
use serde_json::{Value, json};

/// The whole document.
pub(super) fn value(store: &Store, image: &Image) -> Value {
    let config = &image.config;
    let names: Vec<String> = image.names.iter().map(ToString::to_string).collect();
    let history: Vec<Value> = config.history.iter().map(|step| json!(step)).collect();
    let layers: Vec<String> = image.diff_ids.iter().map(ToString::to_string).collect();
    let chain = image.chain();
    let dirs: Vec<String> =
        chain.iter().rev().map(|layer| store.layer(layer).join("diff").display().to_string()).collect();
    let mut data = serde_json::Map::new();
    if let Some((upper, lower)) = dirs.split_first() {
        if !lower.is_empty() {
            data.insert("LowerDir".to_string(), json!(lower.join(":")));
        }
        data.insert("UpperDir".to_string(), json!(upper));
    }
    let mut of_image = json!({
        "Id": image.id.hex(),
        "Digest": image.manifest.to_string(),
        "RepoTags": names,
        "RepoDigests": image.digests.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "Parent": "",
        "Comment": config.history.last().and_then(|step| step.comment.clone()).unwrap_or_default(),
        "Created": image.created.map(|created| created.to_string()),
        "Config": json!(config.config),
        "Version": config.other.get("docker_version").cloned().unwrap_or(json!("")),
        "Author": config.author.clone().unwrap_or_default(),
        "Architecture": image.platform.architecture,
        "Os": image.platform.os,
        "Size": image.size,
        "VirtualSize": image.size,
        "GraphDriver": {"Name": "overlay", "Data": data},
        "RootFS": {"Type": "layers", "Layers": layers},
        "Labels": if config.config.labels.is_empty() { Value::Null } else { json!(config.config.labels) },
        "Annotations": {},
        "ManifestType": image.media_type,
        "User": config.config.user,
        "History": history,
        "NamesHistory": names,
        "Healthcheck": config.config.healthcheck,
    });
    if let Some(variant) = &image.platform.variant {
        of_image["Variant"] = json!(variant);
    }
    of_image
}

//! `history`, `image tree` and `images --tree`: how images came about, and what they share.

use crate::error::Result;
use crate::image::digest::{ChainId, ImageId};
use crate::image::reference::Reference;
use crate::store::images::{self, Image};
use crate::store::layers;
use crate::store::layout::Store;
use crate::transfer::named;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// One step of an image's making.
#[derive(Clone, Debug)]
pub struct Step {
    /// The image that ends here, if it is in the store.
    pub id: Option<ImageId>,
    /// That image's names.
    pub tags: Vec<Reference>,
    /// When.
    pub created: Option<Timestamp>,
    /// By what command.
    pub created_by: String,
    /// The bytes of the regular files that it added.
    pub size: u64,
    /// A remark.
    pub comment: String,
}

/// The steps of an image, the last one first.
///
/// # Errors
/// `NotFound` when there is no such image.
pub fn history(store: &Store, text: &str) -> Result<Vec<Step>> {
    let image = named::find(store, text)?.ok_or_else(|| images::unknown(text))?;
    let others = images::list(store)?;
    let chain = image.chain();
    let mut layer = chain.iter();
    let mut steps = Vec::new();
    for step in &image.config.history {
        let chain = if step.empty_layer { None } else { layer.next() };
        steps.push(Step {
            id: None,
            tags: Vec::new(),
            created: step.created,
            created_by: step.created_by.clone().unwrap_or_default(),
            size: chain.map_or(0, |chain| size(store, chain)),
            comment: step.comment.clone().unwrap_or_default(),
        });
        if let Some(other) =
            chain.and_then(|chain| others.iter().find(|other| other.id != image.id && ends_at(other, chain)))
        {
            let last = steps.last_mut().expect("one was pushed a moment ago");
            (last.id, last.tags) = (Some(other.id.clone()), other.names.clone());
        }
    }
    // Layers that no step tells of: whoever made the image kept no history.
    for chain in layer {
        let size = size(store, chain);
        let (created_by, comment) = (String::new(), String::new());
        steps.push(Step { id: None, tags: Vec::new(), created: image.created, created_by, size, comment });
    }
    if let Some(last) = steps.last_mut() {
        (last.id, last.tags) = (Some(image.id.clone()), image.names.clone());
    }
    steps.reverse();
    Ok(steps)
}

fn size(store: &Store, chain: &ChainId) -> u64 {
    layers::record(store, chain).map_or(0, |record| record.size)
}

fn ends_at(image: &Image, chain: &ChainId) -> bool {
    image.chain().last() == Some(chain)
}

/// A layer, what is above it, and the images that end there.
#[derive(Clone, Debug)]
pub struct Node {
    /// Which layer.
    pub chain: ChainId,
    /// The bytes of its regular files.
    pub size: u64,
    /// With all layers below.
    pub whole: u64,
    /// The images whose topmost layer it is.
    pub images: Vec<Image>,
    /// The layers directly above it that images here have.
    pub above: Vec<Node>,
}

/// The layers of all images as trees, each beginning at a lowest layer.
///
/// # Errors
/// When the store cannot be read.
pub fn forest(store: &Store) -> Result<Vec<Node>> {
    let all = images::list(store)?;
    // By the layer below, in the order in which the images came.
    let mut above: BTreeMap<Option<ChainId>, Vec<ChainId>> = BTreeMap::new();
    for image in &all {
        let mut below = None;
        for chain in image.chain() {
            let there = above.entry(below.take()).or_default();
            if !there.contains(&chain) {
                there.push(chain.clone());
            }
            below = Some(chain);
        }
    }
    Ok(grow(store, &all, &above, None, 0))
}

fn grow(
    store: &Store,
    all: &[Image],
    above: &BTreeMap<Option<ChainId>, Vec<ChainId>>,
    below: Option<&ChainId>,
    so_far: u64,
) -> Vec<Node> {
    let node = |chain: &ChainId| {
        let size = size(store, chain);
        Node {
            chain: chain.clone(),
            size,
            whole: so_far + size,
            images: all.iter().filter(|image| ends_at(image, chain)).cloned().collect(),
            above: grow(store, all, above, Some(chain), so_far + size),
        }
    };
    above.get(&below.cloned()).map(|chains| chains.iter().map(node).collect()).unwrap_or_default()
}

/// An image and its layers, lowest first, each with all images that end there; or, with `requires`,
/// the tree of layers that stand on the image.
///
/// # Errors
/// `NotFound` when there is no such image.
pub fn tree(store: &Store, text: &str, requires: bool) -> Result<(Image, Vec<Node>)> {
    let image = named::find(store, text)?.ok_or_else(|| images::unknown(text))?;
    let mut nodes = forest(store)?;
    let mut path = Vec::new();
    for chain in image.chain() {
        let Some(at) = nodes.iter().position(|node| node.chain == chain) else { break };
        let mut node = nodes.swap_remove(at);
        nodes = match requires {
            true => node.above.clone(),
            false => std::mem::take(&mut node.above),
        };
        path.push(node);
    }
    if requires {
        path.drain(..path.len().saturating_sub(1));
    }
    Ok((image, path))
}

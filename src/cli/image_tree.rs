//! `box image tree`, and the pictures of `box images --tree` and `--viz`.

use super::format::human;
use super::{Context, output};
use crate::error::Result;
use crate::image::reference::Reference;
use crate::ops::history::{self, Node};
use std::fmt::Write as _;

/// Show an image's layers, and what else ends at them
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box image tree debian\n  box image tree --whatrequires debian")]
pub(crate) struct ImageTree {
    /// The layers and images that stand on this image
    #[arg(long)]
    whatrequires: bool,
    /// The image's name or id
    #[arg(value_name = "IMAGE")]
    image: String,
}

impl ImageTree {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (image, nodes) = history::tree(ctx.store()?, &self.image, self.whatrequires)?;
        let names: Vec<String> = image.names.iter().map(Reference::to_string).collect();
        output::line(format_args!("Image ID: {}", image.id.short()));
        output::line(format_args!("Tags:     [{}]", names.join(" ")));
        output::line(format_args!("Size:     {}", human::size(image.size)));
        if nodes.is_empty() {
            output::line("No Image Layers");
            return Ok(0);
        }
        output::line("Image Layers");
        let mut text = String::new();
        branches(&mut text, "", &nodes, &["├── ", "└── ", "│   ", "    "], &|node| {
            let mut line = format!("ID: {} Size: {:>7}", short(node), human::size(node.size));
            let names = names_of(node);
            if !names.is_empty() {
                line += &format!(" Top Layer of: [{}]", names.join(" "));
            }
            line
        });
        output::text(text + "\n");
        Ok(0)
    }
}

/// All layers as trees, as old versions of docker drew them.
pub(super) fn tree(nodes: &[Node]) -> String {
    let mut text = String::new();
    branches(&mut text, "", nodes, &["├─", "└─", "│ ", "  "], &|node| {
        let mut line = format!("{} Virtual Size: {}", short(node), human::size(node.whole));
        let names = names_of(node);
        if !names.is_empty() {
            line += &format!(" Tags: {}", names.join(", "));
        }
        line
    });
    text
}

/// Draws trees: `marks` are for a branch, the last branch, and the lines below either.
fn branches(
    text: &mut String,
    before: &str,
    nodes: &[Node],
    marks: &[&str; 4],
    line: &dyn Fn(&Node) -> String,
) {
    for (at, node) in nodes.iter().enumerate() {
        let last = usize::from(at + 1 == nodes.len());
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{before}{}{}", marks[last], line(node));
        branches(text, &format!("{before}{}", marks[2 + last]), &node.above, marks, line);
    }
}

/// All layers as a picture for Graphviz, as old versions of docker described it.
pub(super) fn viz(nodes: &[Node]) -> String {
    let mut text = String::from("digraph docker {\n");
    for node in nodes {
        let _ = writeln!(text, " base -> \"{}\" [style=invis]", short(node));
    }
    edges(&mut text, nodes);
    text += " base [style=invisible]\n}\n";
    text
}

fn edges(text: &mut String, nodes: &[Node]) {
    for node in nodes {
        let id = short(node);
        let names = names_of(node);
        if !names.is_empty() {
            let _ = writeln!(
                text,
                " \"{id}\" [label=\"{id}\\n{}\",shape=box,fillcolor=\"paleturquoise\",style=\"filled,rounded\"];",
                names.join("\\n")
            );
        }
        for above in &node.above {
            let _ = writeln!(text, " \"{id}\" -> \"{}\"", short(above));
        }
        edges(text, &node.above);
    }
}

fn short(node: &Node) -> &str {
    &node.chain.hex()[..12]
}

fn names_of(node: &Node) -> Vec<String> {
    node.images.iter().flat_map(|image| &image.names).map(Reference::to_string).collect()
}

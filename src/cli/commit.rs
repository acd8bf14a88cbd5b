//! `box commit`.

use super::{Context, give_up, output};
use crate::error::{Doing, Result, invalid};
use crate::ops;
use crate::transfer::commit::CommitJob;
use crate::transfer::layouts::note_in_file;
use std::path::PathBuf;

/// Make an image of a container's files
///
/// What the container changed becomes one more layer on its image; the content of volumes does not.
/// The image's id is printed to standard output. With SOURCE_DATE_EPOCH set, the same files give the
/// same image.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box commit web registry.example/web:2\n  \
    box commit -m 'with vim' -c 'CMD [\"vim\"]' -c 'ENV EDITOR=vim' box1 editor\n  \
    box commit --squash web flat")]
pub(crate) struct Commit {
    /// Who made it
    #[arg(short, long, value_name = "TEXT")]
    author: Option<String>,
    /// A Dockerfile instruction for the new image: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL,
    /// ONBUILD, SHELL, STOPSIGNAL, USER, VOLUME, WORKDIR
    #[arg(short, long, value_name = "INSTRUCTION")]
    change: Vec<String>,
    /// A file with a container's configuration in Docker's JSON, merged into the image's
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The manifest's format: oci or docker
    #[arg(short, long, value_name = "FORMAT", default_value = "oci", value_parser = ["oci", "docker"], hide_possible_values = true)]
    format: String,
    /// Write the image's id to this file
    #[arg(long, value_name = "FILE")]
    iidfile: Option<PathBuf>,
    /// The container's volumes become volumes of the image (their places, not their content)
    #[arg(long)]
    include_volumes: bool,
    /// A remark for the history
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// Stop the container's processes (SIGSTOP) while its files are read; they go on when that is
    /// done, or when this command is killed
    #[arg(short, long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pause: Option<bool>,
    /// Nothing but the id (it is all that is printed)
    #[arg(short, long)]
    quiet: bool,
    /// A configuration in JSON, as the first docker took it: {"Cmd": ["cat", "/x"], "PortSpecs": ["22"]}
    #[arg(long, value_name = "JSON")]
    run: Option<String>,
    /// One layer with everything, in place of the image's layers and one more
    #[arg(short, long)]
    squash: bool,
    /// The container's name or id
    #[arg(value_name = "CONTAINER")]
    container: String,
    /// The new image's name; localhost/NAME unless it has a registry
    #[arg(value_name = "NAME[:TAG]")]
    name: Option<String>,
}

impl Commit {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let _ = self.quiet;
        let name = match &self.name {
            None => None,
            Some(text) => {
                let (name, changed) = ops::commit::name(text)?;
                if changed {
                    output::warning(format_args!("names cannot begin with _ today: the image is {name}"));
                }
                Some(name)
            }
        };
        let mut documents = Vec::new();
        if let Some(path) = &self.config {
            let text = std::fs::read_to_string(path).doing(|| format!("read {}", path.display()))?;
            documents.push(text);
        }
        documents.extend(self.run);
        // Before anything is archived.
        let mut probe = crate::image::config::Execution::default();
        for document in &documents {
            crate::image::change::merge(&mut probe, document)?;
        }
        for line in &self.change {
            crate::image::change::apply(&mut probe, line)?;
        }
        if self.iidfile.as_ref().is_some_and(|path| path.is_dir()) {
            return Err(invalid("--iidfile names a directory"));
        }
        let pause = self.pause == Some(true);
        let id = ops::commit::commit(ctx.settings()?, ctx.store()?, &self.container, pause, |container| {
            CommitJob {
                container,
                name,
                author: self.author,
                message: self.message,
                changes: self.change,
                documents,
                docker: self.format == "docker",
                squash: self.squash,
                include_volumes: self.include_volumes,
            }
        })?;
        if let Some(path) = &self.iidfile {
            note_in_file(path, id.hex())?;
        }
        output::line(id.hex());
        give_up::others(ctx, &[id])?;
        Ok(0)
    }
}

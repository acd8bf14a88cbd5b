//! `box doctor`.

use super::{Context, output};
use crate::error::{Result, invalid};
use crate::ops::doctor::{self, Finding, Level, Report};

/// Say what this host has and lacks for containers, and what mends it
///
/// Everything is tried for real: the user namespace, the mounts, the network. The exit code is 0
/// when a container can run.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box doctor\n  box doctor --format json")]
pub(crate) struct Doctor {
    /// `json` instead of text
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
}

impl Doctor {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        if self.format.as_deref().is_some_and(|format| format != "json") {
            return Err(invalid("the only format of doctor is json"));
        }
        let report = doctor::examine(ctx.settings());
        match self.format {
            Some(_) => output::json(&report),
            None => output::text(text(&report)),
        }
        Ok(u8::from(!report.works))
    }
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    for Finding { about, level, text: found, mend } in &report.findings {
        let mark = match level {
            Level::Ok => " ok ",
            Level::Note => "note",
            Level::Fail => "FAIL",
        };
        text += &format!("[{mark}] {about}: {found}\n");
        for command in mend {
            text += &format!("       -> {command}\n");
        }
    }
    text += match report.works {
        true => "A container can run here.\n",
        false => "No container can run here until what is marked FAIL is mended.\n",
    };
    text
}

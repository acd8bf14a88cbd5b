//! `box volume create`.

use super::super::flags::words;
use super::super::{Context, output};
use crate::container::volume::VolumeName;
use crate::error::{Result, invalid};
use crate::ops::volumes;
use crate::store::volumes::Volume;
use crate::sys::random;

/// Create a volume
///
/// Its name is printed. A volume outlives the containers that use it: the first one that mounts it
/// fills it with what its image has at that place.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  box volume create data\n  box run -v data:/var/lib/postgresql/data postgres\n  \
    box volume create -o type=tmpfs -o o=size=64m scratch\n  \
    box volume create -o type=none -o o=bind,ro -o device=/srv/data shared\n  \
    box volume create --driver image -o image=docker.io/library/nginx site"
)]
pub(crate) struct Create {
    /// Driver of the volume: local, or image, which fills it with the files of one
    #[arg(long, short, value_name = "NAME", default_value = "local", hide_default_value = true)]
    driver: String,
    /// No error if there is a volume of this name
    #[arg(long)]
    ignore: bool,
    /// Set a label: KEY=VALUE
    #[arg(long, short, value_name = "KEY=VALUE", value_parser = words::label)]
    label: Vec<(String, String)>,
    /// Set an option: type=tmpfs|none, device=DIRECTORY, o=OPTION[,OPTION...], copy, nocopy; image=IMAGE
    #[arg(long, short, value_name = "KEY[=VALUE]")]
    opt: Vec<String>,
    /// The user that it belongs to, by number; as in the image or the container otherwise
    #[arg(long, value_name = "UID")]
    uid: Option<u32>,
    /// The group that it belongs to, by number
    #[arg(long, value_name = "GID")]
    gid: Option<u32>,
    /// Name of the volume; docker's older spelling
    #[arg(long = "name", value_name = "NAME", hide = true)]
    old_name: Option<String>,
    /// Name of the volume; made up when not given
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

impl Create {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let given = self.name.or(self.old_name).filter(|name| !name.is_empty());
        let anonymous = given.is_none();
        let name: VolumeName = match given {
            Some(name) => name.parse()?,
            None => crate::container::id::ContainerId::from_random(random::bytes()).as_str().parse()?,
        };
        let mut volume = Volume::new(name, anonymous);
        volume.labels = self.label.into_iter().collect();
        (volume.uid, volume.gid) = (self.uid, self.gid);
        if !self.driver.is_empty() {
            volume.driver = self.driver;
        }
        for word in &self.opt {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            match (key, volume.options.get_mut(key)) {
                // As for mount(8), several are one list.
                ("o", Some(known)) => *known = format!("{known},{value}"),
                (_, Some(_)) => return Err(invalid(format!("--opt {key} is given twice"))),
                (_, None) => drop(volume.options.insert(key.to_string(), value.to_string())),
            }
        }
        volumes::create(ctx.settings()?, ctx.store()?, &volume, self.ignore)?;
        output::line(&volume.name);
        Ok(0)
    }
}

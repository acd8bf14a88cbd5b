//! Archives that try to write outside of the directory they are unpacked into.

use crate::env::{Env, User};
use std::path::Path;
use tar::{Builder, EntryType, Header};

/// An archive under construction; names and links go in as they are, however evil.
struct Archive(Builder<Vec<u8>>);

impl Archive {
    fn new() -> Archive {
        Archive(Builder::new(Vec::new()))
    }

    fn add(mut self, kind: EntryType, name: &str, link: &str, content: &str) -> Archive {
        let mut header = Header::new_ustar();
        let fields = header.as_old_mut();
        fields.name[..name.len()].copy_from_slice(name.as_bytes());
        fields.linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o4777);
        header.set_cksum();
        self.0.append(&header, content.as_bytes()).expect("append to an archive");
        self
    }

    fn file(self, name: &str) -> Archive {
        self.add(EntryType::Regular, name, "", "evil")
    }

    fn symlink(self, name: &str, to: &str) -> Archive {
        self.add(EntryType::Symlink, name, to, "")
    }

    fn hardlink(self, name: &str, to: &str) -> Archive {
        self.add(EntryType::Link, name, to, "")
    }

    fn bytes(self) -> Vec<u8> {
        self.0.into_inner().expect("finish an archive")
    }
}

/// Name, size, mode and owner of everything in a directory, and what is in the file `secret`.
fn state(directory: &Path) -> String {
    use std::os::unix::fs::MetadataExt;
    let mut lines: Vec<String> = std::fs::read_dir(directory)
        .expect("list the victim")
        .flatten()
        .map(|entry| {
            let meta = entry.metadata().expect("look at the victim");
            format!(
                "{:?} {} {:o} {} {}",
                entry.file_name(),
                meta.size(),
                meta.mode(),
                meta.uid(),
                meta.nlink()
            )
        })
        .collect();
    lines.sort();
    lines.push(std::fs::read_to_string(directory.join("secret")).expect("read the secret"));
    lines.join("\n")
}

/// What every engine was once found to do: `..`, absolute names, links that later entries go through,
/// whiteouts of `.` and `..`.
#[test]
fn no_archive_reaches_outside_of_its_layer() {
    for user in [User::Sub, User::NoSub, User::Root] {
        let env = Env::empty(user);
        // Short, because the name and link fields of a header have 100 bytes.
        let victim = env.directory("v");
        env.file("v/secret", "kept");
        let up = "../../../../../../..";
        let before = state(Path::new(&victim));
        let archives = [
            ("dots", Archive::new().file(&format!("{up}{victim}/new"))),
            ("dots in the middle", Archive::new().file(&format!("a/{up}{victim}/new"))),
            ("absolute", Archive::new().file(&format!("{victim}/new"))),
            ("absolute secret", Archive::new().file(&format!("{victim}/secret"))),
            ("link to a directory", Archive::new().symlink("d", &victim).file("d/new").file("d/secret")),
            ("relative link", Archive::new().symlink("d", &format!("{up}{victim}")).file("d/secret")),
            ("link in a link", Archive::new().symlink("a", "b").symlink("b", &victim).file("a/secret")),
            ("hard link", Archive::new().hardlink("h", &format!("{up}{victim}/secret")).file("h")),
            ("absolute hard link", Archive::new().hardlink("h", &format!("{victim}/secret")).file("h")),
            (
                "hard link through a link",
                Archive::new().symlink("d", &victim).hardlink("h", "d/secret").file("h"),
            ),
            ("file over a link", Archive::new().symlink("s", &format!("{victim}/secret")).file("s")),
            (
                "directory over a link",
                Archive::new().symlink("d", &victim).add(EntryType::Directory, "d", "", "").file("d/secret"),
            ),
            ("whiteout through a link", Archive::new().symlink("d", &victim).file("d/.wh.secret")),
            ("opaque through a link", Archive::new().symlink("d", &victim).file("d/.wh..wh..opq")),
            ("whiteout of itself", Archive::new().file("a/.wh..")),
            ("whiteout of what is above", Archive::new().file("a/.wh...")),
            ("whiteout of nothing", Archive::new().file("a/.wh.")),
            ("whiteout with a slash", Archive::new().file(&format!(".wh.{up}{victim}/secret"))),
        ];
        for (what, archive) in archives {
            let archive = env.file("archive.tar", archive.bytes());
            let output = env.run(["import", &archive, "hostile"]);
            assert!([Some(0), Some(125)].contains(&output.code), "{user:?}, {what}: {output}");
            assert!(!output.err().contains("panicked"), "{user:?}, {what}: {output}");
            assert_eq!(state(Path::new(&victim)), before, "{user:?}, {what}: {output}");
        }
        env.run(["rmi", "--all", "--force"]);
    }
}

//! Users and groups as the container's own /etc/passwd and /etc/group know them.
//!
//! The files belong to the image: they are read through [`RootFd`], bounded, and a broken line
//! counts as none.

use crate::error::{Doing, Error, Kind, Result, invalid};
use crate::oci::spec;
use crate::sys::path::{RootFd, Want};
use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// Who a process is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// User id inside.
    pub uid: u32,
    /// Group id inside.
    pub gid: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
    /// The groups of whoever calls box stay, in the place of these.
    pub keep_groups: bool,
    /// The home directory, `/` when nobody says.
    pub home: String,
}

/// Larger files are not account files.
const LIMIT: u64 = 4 << 20;

/// The word in the place of a further group that keeps those of the caller. They need no mapping: what
/// they give access to can be reached, and they are seen as nobody's.
pub(super) const KEEP_GROUPS: &str = "keep-groups";

/// Whether the further groups say so.
pub(super) fn keeps_groups(more: &[String]) -> bool {
    more.iter().any(|group| group == KEEP_GROUPS)
}

/// Looks up `user[:group]` and further groups, names or numbers, as docker does: a number need not
/// be in the files; a user named without a group brings its own groups along.
///
/// # Errors
/// `NotExecutable` for a name that the files do not have, `Invalid` for a number beyond all ids.
pub fn look_up(root: &RootFd, user: &str, more: &[String]) -> Result<Account> {
    let passwd = root.read(Path::new("/etc/passwd"), LIMIT)?.unwrap_or_default();
    let (user, group) = match user.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (user, None),
    };
    let user = if user.is_empty() { "0" } else { user };
    // A number is never a name: an image could call its root "1000". (CVE-2016-3697)
    let number = user.parse::<u32>();
    let is_meant = |u: &User<'_>| number.as_ref().map_or(u.name == user, |number| u.uid == *number);
    let entry = passwd.lines().filter_map(User::parse).find(is_meant);
    let mut account = match (&entry, number.clone()) {
        (Some(entry), _) => {
            let home = if entry.home.is_empty() { "/" } else { entry.home };
            Account { uid: entry.uid, gid: entry.gid, home: home.to_string(), ..Account::default() }
        }
        (None, Ok(uid)) => {
            let home = if uid == 0 { "/root" } else { "/" };
            Account { uid, gid: 0, home: home.to_string(), ..Account::default() }
        }
        (None, Err(_)) => {
            return Err(unknown(format!("the image has no user {user:?} in its /etc/passwd"))
                .hint("name one it has, or a number: --user 1000:1000"));
        }
    };
    let needs_groups = group.is_none_or(|g| g.parse::<u32>().is_err()) || !more.is_empty();
    let file = if needs_groups {
        root.read(Path::new("/etc/group"), LIMIT)?.unwrap_or_default()
    } else {
        String::new()
    };
    match group.filter(|g| !g.is_empty()) {
        Some(group) => account.gid = find_group(&file, group)?,
        None => {
            if let Some(entry) = &entry {
                let member = |g: &Group<'_>| g.members.split(',').any(|m| m == entry.name);
                account.groups =
                    file.lines().filter_map(Group::parse).filter(member).map(|g| g.gid).collect();
            }
        }
    }
    account.keep_groups = keeps_groups(more);
    for group in more.iter().filter(|group| *group != KEEP_GROUPS) {
        account.groups.push(find_group(&file, group)?);
    }
    account.groups.sort_unstable();
    account.groups.dedup();
    // The last one, -1, means "leave it as it is" to setresuid and chown: as root.
    if account.groups.iter().chain([&account.uid, &account.gid]).any(|id| *id > LAST_ID) {
        return Err(invalid(format!("user {user:?}: user and group ids go from 0 to {LAST_ID}")));
    }
    Ok(account)
}

/// Writes a user and its group into the container's account files, unless these know the numbers.
///
/// `commit` and `diff` take what is added here for nobody's change, see `store::pack`. A crash leaves the
/// files with or without a line each; the next start looks again.
///
/// # Errors
/// When the files cannot be written.
pub fn write_down(root: &RootFd, account: &spec::Account) -> Result<()> {
    let passwd = root.read(Path::new(spec::PASSWD), LIMIT)?;
    let mut users = passwd.iter().flat_map(|text| text.lines()).filter_map(User::parse);
    if !users.any(|user| user.uid == account.uid) {
        add_line(root, Path::new(spec::PASSWD), passwd.as_deref(), &account.passwd_line())?;
    }
    let Some(line) = account.group_line() else { return Ok(()) };
    let group = root.read(Path::new(spec::GROUP), LIMIT)?;
    let mut groups = group.iter().flat_map(|text| text.lines()).filter_map(Group::parse);
    if !groups.any(|group| group.gid == account.gid) {
        add_line(root, Path::new(spec::GROUP), group.as_deref(), &line)?;
    }
    Ok(())
}

/// Adds a line to a file with this text. In place: it keeps its owner, its mode, and the place that a
/// link leads to.
fn add_line(root: &RootFd, file: &Path, text: Option<&str>, line: &str) -> Result<()> {
    let doing = || format!("add {line:?} to {} in the container", file.display());
    if text.is_none() {
        root.make_place(file, Want::File)?;
    }
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::NONBLOCK;
    let mut fd: File = root.at(file, flags, Mode::empty()).doing(doing)?.into();
    let end = if text.is_none_or(|text| text.is_empty() || text.ends_with('\n')) { "" } else { "\n" };
    fd.write_all(format!("{end}{line}\n").as_bytes()).doing(doing)?;
    if text.is_none() {
        // Whatever our umask took.
        rustix::fs::fchmod(&fd, Mode::from_raw_mode(0o644)).doing(doing)?;
    }
    Ok(())
}

/// The largest id that engines agree on.
const LAST_ID: u32 = i32::MAX as u32;

/// The command is not run as somebody else: for podman 4.3.1 one that cannot be executed, with 126.
fn unknown(text: String) -> Error {
    Error::new(Kind::NotExecutable, text)
}

fn find_group(file: &str, wanted: &str) -> Result<u32> {
    if let Ok(number) = wanted.parse() {
        return Ok(number);
    }
    let group = file.lines().filter_map(Group::parse).find(|g| g.name == wanted);
    group.map(|group| group.gid).ok_or_else(|| {
        unknown(format!("the image has no group {wanted:?} in its /etc/group"))
            .hint("name one it has, or a number: --user 1000:1000")
    })
}

struct User<'a> {
    name: &'a str,
    uid: u32,
    gid: u32,
    home: &'a str,
}

impl<'a> User<'a> {
    fn parse(line: &'a str) -> Option<User<'a>> {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        let home = fields.nth(1).unwrap_or_default();
        Some(User { name, uid, gid, home })
    }
}

struct Group<'a> {
    name: &'a str,
    gid: u32,
    members: &'a str,
}

impl<'a> Group<'a> {
    fn parse(line: &'a str) -> Option<Group<'a>> {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let gid = fields.nth(1)?.parse().ok()?;
        Some(Group { name, gid, members: fields.next().unwrap_or_default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_looked_up_in_the_images_files() {
        let dir = std::env::temp_dir().join(format!("box-accounts-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("etc")).unwrap();
        std::fs::write(
            dir.join("etc/passwd"),
            "root:x:0:0::/root:/bin/sh\nirc:x:39:39::/run/ircd:/bin/sh\nbad\n1000:x:0:0::/root:/bin/sh\nodd:x:4294967295:0::/:/bin/sh\n",
        )
        .unwrap();
        std::fs::write(dir.join("etc/group"), "root:x:0:\nirc:x:39:\naudio:x:29:irc,root\n").unwrap();
        let root = RootFd::open(&dir).unwrap();
        let of = |user: &str| look_up(&root, user, &[]);
        let irc =
            Account { uid: 39, gid: 39, groups: vec![29], home: "/run/ircd".into(), keep_groups: false };
        assert_eq!(of("irc").unwrap(), irc);
        assert_eq!(of("39").unwrap(), irc);
        assert_eq!(of("").unwrap().home, "/root");
        assert_eq!(
            of("1234:audio").unwrap(),
            Account { uid: 1234, gid: 29, groups: vec![], home: "/".into(), keep_groups: false }
        );
        assert_eq!(of("irc:7").unwrap().groups, Vec::<u32>::new());
        assert!(of("nobody-here").is_err());
        assert_eq!(of("1000").unwrap().uid, 1000);
        for refused in ["odd", "4294967295", "0:4294967295", "2147483648"] {
            assert!(of(refused).is_err(), "{refused}");
        }
        assert_eq!(look_up(&root, "5", &["audio".into(), "77".into()]).unwrap().groups, [29, 77]);
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_user_is_written_down_once_and_only_if_its_number_is_unknown() {
        let dir = std::env::temp_dir().join(format!("box-account-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("etc")).unwrap();
        std::fs::write(dir.join("etc/passwd"), "root:x:0:0::/root:/bin/sh").unwrap();
        let root = RootFd::open(&dir).unwrap();
        let ann = spec::Account {
            name: "ann".into(),
            uid: 1001,
            gid: 1002,
            home: "/".into(),
            passwd: None,
            group: None,
        };
        for _ in 0..2 {
            write_down(&root, &ann).unwrap();
        }
        write_down(&root, &spec::Account { uid: 0, gid: 1002, ..ann }).unwrap();
        let read = |name: &str| std::fs::read_to_string(dir.join("etc").join(name)).unwrap();
        assert_eq!(read("passwd"), "root:x:0:0::/root:/bin/sh\nann:*:1001:1002:ann:/:/bin/sh\n");
        assert_eq!(read("group"), "ann:x:1002:\n");
        std::fs::remove_dir_all(dir).unwrap();
    }
}

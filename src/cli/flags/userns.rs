//! Flags of `run` and `create` for the user namespace and the ids in it.

use crate::container::request::{IdMapRequest, IdMapWord, UserNamespaceRequest};
use crate::container::volume::not_yet;
use crate::error::{Doing, Result, invalid};
use clap::Args;

/// The variable that podman takes the mode from when no flag names one.
const VARIABLE: &str = "PODMAN_USERNS";

// Not a doc comment: clap would take it for the command's text.
#[derive(Args, Clone, Debug)]
pub(crate) struct UserNamespaceFlags {
    /// User namespace: host (the caller is root inside), keep-id (the caller has its own ids
    /// inside, or those of keep-id:uid=UID,gid=GID), nomap (the caller is nobody inside), auto (ids
    /// that no other container with auto has, N of them with auto:size=N), private (the same ids in
    /// a namespace of its own), container:NAME, ns:PATH
    #[arg(long, value_name = "MODE", value_parser = user_namespace, help_heading = "Security")]
    pub(super) userns: Option<UserNamespaceRequest>,

    /// Users in a namespace of its own: the first one inside, the first one outside (0 is the
    /// caller, its subordinate ids follow from 1 on; @UID is one of the host), how many; as in
    /// --uidmap 0:1:1000 --uidmap 1000:0:1. Letters before a row: + keeps all other ids as they are,
    /// u is for users alone, g for groups
    #[arg(long, value_name = "INSIDE:OUTSIDE:COUNT", value_parser = map_word, help_heading = "Security")]
    uidmap: Vec<MapWord>,

    /// Groups, in the same way; as the users if it is not given
    #[arg(long, value_name = "INSIDE:OUTSIDE:COUNT", value_parser = map_word, help_heading = "Security")]
    gidmap: Vec<MapWord>,

    /// The users that /etc/subuid gives to NAME, in a namespace of its own
    #[arg(long, value_name = "NAME", help_heading = "Security", conflicts_with = "uidmap")]
    subuidname: Option<String>,

    /// The groups that /etc/subgid gives to NAME
    #[arg(long, value_name = "NAME", help_heading = "Security", conflicts_with = "gidmap")]
    subgidname: Option<String>,
}

/// A row, and whom it is for.
#[derive(Clone, Copy, Debug, PartialEq)]
struct MapWord {
    row: IdMapWord,
    only: Option<Only>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Only {
    Users,
    Groups,
}

/// The rows of users and those of groups: a word of either flag that names nobody is for those of its
/// flag, and for the others too where these have none. Who is left without any keeps its ids.
fn rows_of(uidmap: &[MapWord], gidmap: &[MapWord]) -> (Vec<IdMapWord>, Vec<IdMapWord>) {
    let rows = |own: &[MapWord], other: &[MapWord], not: Only, only: Only| {
        let own: Vec<IdMapWord> = own.iter().filter(|w| w.only != Some(not)).map(|w| w.row).collect();
        let named = other.iter().filter(|w| w.only == Some(only)).map(|w| w.row);
        own.into_iter().chain(named).collect::<Vec<_>>()
    };
    let mut uids = rows(uidmap, gidmap, Only::Groups, Only::Users);
    let mut gids = rows(gidmap, uidmap, Only::Users, Only::Groups);
    let unnamed = |words: &[MapWord]| words.iter().filter(|w| w.only.is_none()).map(|w| w.row).collect();
    if uidmap.is_empty() && uids.is_empty() {
        uids = unnamed(gidmap);
    } else if gidmap.is_empty() && gids.is_empty() {
        gids = unnamed(uidmap);
    }
    if uids.is_empty() != gids.is_empty() {
        // A row of root over all ids as they are.
        let as_it_is = IdMapWord { inside: 0, outside: 0, of_host: false, extends: true, count: 1 };
        if uids.is_empty() { uids.push(as_it_is) } else { gids.push(as_it_is) }
    }
    (uids, gids)
}

impl UserNamespaceFlags {
    /// What is asked for; the variable counts where no flag does.
    ///
    /// # Errors
    /// `Invalid` when the flags contradict each other, or for a variable that is no mode.
    pub(super) fn request(self) -> Result<(UserNamespaceRequest, IdMapRequest)> {
        let (uids, gids) = rows_of(&self.uidmap, &self.gidmap);
        let ids = IdMapRequest { uids, gids, subuid_name: self.subuidname, subgid_name: self.subgidname };
        if !ids.is_empty() {
            return match self.userns {
                None | Some(UserNamespaceRequest::Private) => Ok((UserNamespaceRequest::Private, ids)),
                Some(_) => Err(invalid(
                    "--userns and --uidmap, --gidmap, --subuidname, --subgidname are mutually exclusive",
                )
                .hint("--userns private goes with them")),
            };
        }
        Ok((self.userns.unwrap_or_default(), ids))
    }

    /// Whether a flag, or the variable, says what it is to be.
    pub(super) fn is_given(&self) -> bool {
        self.userns.is_some()
            || !(self.uidmap.is_empty() && self.gidmap.is_empty())
            || self.subuidname.is_some()
            || self.subgidname.is_some()
    }

    /// Takes the mode from the environment unless a flag named one.
    ///
    /// # Errors
    /// When the variable's value is no mode.
    pub(super) fn fill_from_environment(&mut self) -> Result<()> {
        if let (false, Ok(text)) = (self.is_given(), std::env::var(VARIABLE))
            && !text.is_empty()
        {
            self.userns = Some(user_namespace(&text).doing(|| format!("use {VARIABLE}={text}"))?);
        }
        Ok(())
    }
}

/// `--userns`.
pub(crate) fn user_namespace(text: &str) -> Result<UserNamespaceRequest> {
    match text.split_once(':').unwrap_or((text, "")) {
        ("" | "host", "") => Ok(UserNamespaceRequest::Host),
        ("nomap", "") => Ok(UserNamespaceRequest::NoMap),
        ("private", "") => Ok(UserNamespaceRequest::Private),
        ("keep-id", words) => keep_id(words),
        ("auto", words) => auto(words),
        ("container", name) if !name.is_empty() => Ok(UserNamespaceRequest::Container(name.to_string())),
        ("ns", path) if !path.is_empty() => Ok(UserNamespaceRequest::Path(path.into())),
        ("pod", _) => Err(not_yet(format!("--userns {text}"))),
        _ => Err(invalid(
            "it is host, keep-id[:uid=UID,gid=GID,size=N], nomap, auto[:size=N], private, container:NAME or ns:PATH",
        )),
    }
}

/// The options of a mode: words with `=` between commas.
fn options(words: &str) -> impl Iterator<Item = Result<(&str, &str)>> {
    let pair = |word: &'_ str| match word.split_once('=') {
        Some(_) => Ok(()),
        None => Err(invalid(format!("{word:?} is no option: one has a value, as in size=2000"))),
    };
    words
        .split(',')
        .filter(|word| !word.is_empty())
        .map(move |word| pair(word).map(|()| word.split_once('=').unwrap_or((word, ""))))
}

fn id(word: &str, number: &str) -> Result<u32> {
    match number.parse::<u32>() {
        Ok(id) if id <= i32::MAX as u32 => Ok(id),
        _ => Err(invalid(format!("{word:?}: ids go from 0 to {}", i32::MAX))),
    }
}

fn count(word: &str, number: &str) -> Result<u32> {
    match id(word, number) {
        Ok(0) => Err(invalid(format!("{word:?}: there has to be one id at least"))),
        other => other,
    }
}

/// `uid=UID,gid=GID,size=N`, each optional.
fn keep_id(words: &str) -> Result<UserNamespaceRequest> {
    let (mut uid, mut gid, mut size) = (None, None, None);
    for option in options(words) {
        let (key, number) = option?;
        let word = format!("{key}={number}");
        match key {
            "uid" => uid = Some(id(&word, number)?),
            "gid" => gid = Some(id(&word, number)?),
            "size" => size = Some(count(&word, number)?),
            _ => {
                return Err(invalid(format!(
                    "keep-id has no option {word:?}: it has uid=UID, gid=GID and size=N"
                )));
            }
        }
    }
    Ok(UserNamespaceRequest::KeepId { uid, gid, size })
}

/// `size=N,uidmapping=INSIDE:OUTSIDE:COUNT,gidmapping=…`, each optional, the rows repeatable.
fn auto(words: &str) -> Result<UserNamespaceRequest> {
    let (mut size, mut uids, mut gids) = (None, Vec::new(), Vec::new());
    for option in options(words) {
        let (key, value) = option?;
        match key {
            "size" => size = Some(count(&format!("size={value}"), value)?),
            "uidmapping" => uids.push(row(value)?),
            "gidmapping" => gids.push(row(value)?),
            _ => {
                return Err(invalid(format!(
                    "auto has no option \"{key}\": it has size=N, uidmapping=ROW and gidmapping=ROW"
                )));
            }
        }
    }
    Ok(UserNamespaceRequest::Auto { size, uids, gids })
}

/// `[+][u|g]INSIDE:OUTSIDE[:COUNT]`.
fn map_word(text: &str) -> Result<MapWord> {
    let numbers = text.trim_start_matches(['+', 'u', 'g']);
    let letters = &text[..text.len() - numbers.len()];
    let only = match (letters.contains('u'), letters.contains('g')) {
        (true, false) => Some(Only::Users),
        (false, true) => Some(Only::Groups),
        _ => None,
    };
    Ok(MapWord { row: IdMapWord { extends: letters.contains('+'), ..row(numbers)? }, only })
}

/// `INSIDE:OUTSIDE[:COUNT]`.
fn row(text: &str) -> Result<IdMapWord> {
    let parts: Vec<&str> = text.split(':').collect();
    let (inside, outside, how_many) = match parts[..] {
        [inside, outside] => (inside, outside, "1"),
        [inside, outside, how_many] => (inside, outside, how_many),
        _ => return Err(invalid("it is INSIDE:OUTSIDE:COUNT, as in 0:1:1000")),
    };
    let of_host = outside.starts_with('@');
    let word = IdMapWord {
        inside: id(text, inside)?,
        outside: id(text, outside.trim_start_matches('@'))?,
        of_host,
        extends: false,
        count: count(text, how_many)?,
    };
    let last = |first: u32| u64::from(first) + u64::from(word.count) - 1;
    if last(word.inside.max(word.outside)) > u64::from(u32::MAX - 1) {
        return Err(invalid(format!("{text:?} has ids that there are not")));
    }
    Ok(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_and_their_options_are_read() {
        let keep = UserNamespaceRequest::KeepId { uid: Some(7), gid: None, size: None };
        assert_eq!(user_namespace("keep-id:uid=7").unwrap(), keep);
        let row =
            |inside, outside, of_host, count| IdMapWord { inside, outside, of_host, extends: false, count };
        assert_eq!(
            user_namespace("auto:size=9,uidmapping=5:0:1,gidmapping=0:@7").unwrap(),
            UserNamespaceRequest::Auto {
                size: Some(9),
                uids: vec![row(5, 0, false, 1)],
                gids: vec![row(0, 7, true, 1)]
            }
        );
        assert_eq!(user_namespace("ns:/a").unwrap(), UserNamespaceRequest::Path("/a".into()));
        assert_eq!(user_namespace("pod").unwrap_err().to_string(), "not yet: --userns pod");
        for wrong in [
            "keep-id:uid",
            "keep-id:uid=-1",
            "keep-id:user=7",
            "keep-id:size=0",
            "mine",
            "auto:7",
            "auto:size=x",
            "auto:uidmapping=1",
            "container:",
            "private:x",
        ] {
            assert!(user_namespace(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_row_has_two_or_three_numbers() {
        let one =
            |inside, outside, count| IdMapWord { inside, outside, of_host: false, extends: false, count };
        assert_eq!(row("0:1:1000").unwrap(), one(0, 1, 1000));
        assert_eq!(row("5:6").unwrap(), one(5, 6, 1));
        for wrong in ["", "0", "0:1:0", "0:1:x", "-1:0:1", "0:1:2:3", "u0:1:2", "0:@:1"] {
            assert!(row(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn letters_say_whom_a_row_is_for_and_what_becomes_of_the_rest() {
        let words = |all: &[&str]| all.iter().map(|w| map_word(w).unwrap()).collect::<Vec<_>>();
        let of = |uids: &[&str], gids: &[&str]| rows_of(&words(uids), &words(gids));
        let one = |text: &str| row(text).unwrap();
        let over = |text: &str| IdMapWord { extends: true, ..one(text) };
        assert_eq!(of(&["0:1:5"], &[]), (vec![one("0:1:5")], vec![one("0:1:5")]));
        assert_eq!(of(&["+7:0"], &[]), (vec![over("7:0")], vec![over("7:0")]));
        assert_eq!(of(&["u0:1:5"], &[]), (vec![one("0:1:5")], vec![over("0:0:1")]));
        assert_eq!(of(&["u0:1:5", "g0:2:5"], &[]), (vec![one("0:1:5")], vec![one("0:2:5")]));
        assert_eq!(of(&["0:1:5"], &["+g7:0"]), (vec![one("0:1:5")], vec![over("7:0")]));
        assert_eq!(of(&[], &["gu3:0"]), (vec![one("3:0")], vec![one("3:0")]));
        assert_eq!(of(&[], &[]), (vec![], vec![]));
        for wrong in ["+", "u", "x0:1:2", "0+:1:2"] {
            assert!(map_word(wrong).is_err(), "{wrong}");
        }
    }
}

//! A log in several files: `log`, which grows, and `log.1`, `log.2` … , the newest first.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// How large a log may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Bytes of one file.
    pub size: u64,
    /// How many files there are, the one that grows among them; at least one.
    pub files: u32,
}

/// The path of the `number`th file of a log; 0 is the one that grows.
#[must_use]
pub fn path(log: &Path, number: u32) -> PathBuf {
    if number == 0 {
        return log.to_path_buf();
    }
    let mut name = log.as_os_str().to_os_string();
    name.push(format!(".{number}"));
    name.into()
}

/// Opens the log, at its end; it is made when it is missing.
///
/// # Errors
/// What the kernel says.
pub fn open(log: &Path) -> std::io::Result<File> {
    File::options().append(true).create(true).mode(0o600).open(log)
}

/// Puts a new file at `log`: each moves up by one, the last one goes. There is one at `log` all the
/// time.
///
/// A crash on the way leaves a gap in the numbers or one file under two of them, which [`files`]
/// passes over.
///
/// # Errors
/// When the new file cannot be made or put there; then the old one goes on.
pub fn rotate(log: &Path, files: u32) -> std::io::Result<File> {
    let mut new = log.as_os_str().to_os_string();
    new.push(".new");
    let new = PathBuf::from(new);
    let file = open(&new)?;
    for number in (1..files.saturating_sub(1)).rev() {
        let _ = std::fs::rename(path(log, number), path(log, number + 1));
    }
    if files > 1 {
        let _ = std::fs::remove_file(path(log, 1));
        std::fs::hard_link(log, path(log, 1))?;
    }
    std::fs::rename(new, log)?;
    Ok(file)
}

/// The files of a log that are there, opened, the oldest first. One that is renamed meanwhile is
/// not missed: the newest is opened first.
///
/// # Errors
/// When one of them cannot be opened.
pub fn files(log: &Path) -> std::io::Result<Vec<File>> {
    let mut found: Vec<(File, u64)> = Vec::new();
    let (mut number, mut missing) = (0, 0);
    // A crash may leave one gap.
    while missing < 2 {
        match File::open(path(log, number)) {
            Ok(file) => {
                missing = 0;
                let inode = file.metadata()?.ino();
                if !found.iter().any(|(_, known)| *known == inode) {
                    found.push((file, inode));
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => missing += 1,
            Err(error) => return Err(error),
        }
        number += 1;
    }
    Ok(found.into_iter().rev().map(|(file, _)| file).collect())
}

/// The files that are newer than `file`, opened, the oldest first; none while it is the one that
/// grows.
///
/// # Errors
/// When one of them cannot be opened.
pub fn newer(log: &Path, file: &File) -> std::io::Result<Vec<File>> {
    let own = file.metadata()?.ino();
    match std::fs::metadata(log) {
        Ok(there) if there.ino() != own => {}
        Ok(_) => return Ok(Vec::new()),
        // The container was removed.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    }
    let mut all = files(log)?;
    for (at, file) in all.iter().enumerate() {
        if file.metadata()?.ino() == own {
            return Ok(all.split_off(at + 1));
        }
    }
    // It is gone: all that are there came after it.
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[test]
    fn files_move_up_and_the_last_one_goes() {
        let dir = std::env::temp_dir().join(format!("box-rotate-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let log = dir.join("log");
        let read = |files: Vec<File>| -> Vec<String> {
            let mut texts = Vec::new();
            for mut file in files {
                let mut text = String::new();
                file.read_to_string(&mut text).unwrap();
                texts.push(text);
            }
            texts
        };
        std::fs::write(&log, "1").unwrap();
        let first = File::open(&log).unwrap();
        for text in ["2", "3", "4"] {
            rotate(&log, 3).unwrap().write_all(text.as_bytes()).unwrap();
        }
        assert_eq!(read(files(&log).unwrap()), ["2", "3", "4"]);
        // The first one is gone, so all came after it.
        assert_eq!(read(newer(&log, &first).unwrap()), ["2", "3", "4"]);
        let third = File::open(path(&log, 1)).unwrap();
        assert_eq!(read(newer(&log, &third).unwrap()), ["4"]);
        std::fs::remove_file(path(&log, 1)).unwrap();
        assert_eq!(read(files(&log).unwrap()), ["2", "4"]);
        rotate(&log, 1).unwrap();
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "");
        std::fs::remove_dir_all(&dir).unwrap();
    }
}

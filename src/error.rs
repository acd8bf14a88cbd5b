//! The one error type, the context that is put around it, and how it is printed.
//!
//! A function returns its error or reports it, never both. Callers branch on [`Kind`], never on
//! the text; [`Kind::exit_code`] is the only table from errors to exit codes.

use std::fmt;

/// The result of everything in box.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of failure it is: decides the exit code, and later the HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The user asked for something that makes no sense.
    Invalid,
    /// A named thing does not exist.
    NotFound,
    /// It exists already, is in use, or is in the wrong state.
    Conflict,
    /// The kernel, a file's mode or a registry says no.
    Denied,
    /// This host, or this version of box, cannot do it.
    Unsupported,
    /// The container's command exists but cannot be executed.
    NotExecutable,
    /// The container's command does not exist.
    CommandNotFound,
    /// Everything else: input and output, a broken file, a dead peer.
    Failed,
}

impl Kind {
    /// The exit code of a command that ends with such an error.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::NotExecutable => 126,
            Kind::CommandNotFound => 127,
            _ => 125,
        }
    }

    const ALL: [Kind; 8] = [
        Kind::Failed,
        Kind::Invalid,
        Kind::NotFound,
        Kind::Conflict,
        Kind::Denied,
        Kind::Unsupported,
        Kind::NotExecutable,
        Kind::CommandNotFound,
    ];

    /// A number for its way to another process of this version of box.
    #[must_use]
    pub fn number(self) -> u8 {
        Kind::ALL.iter().position(|kind| *kind == self).unwrap_or(0) as u8
    }

    /// The kind with this number; [`Kind::Failed`] if there is none.
    #[must_use]
    pub fn from_number(number: u8) -> Kind {
        Kind::ALL.get(usize::from(number)).copied().unwrap_or(Kind::Failed)
    }
}

/// An error: what was being done to which thing, why it failed, and what helps.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    hint: Option<String>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// Makes an error of `kind`; `message` says what is wrong in the user's words.
    pub fn new(kind: Kind, message: impl Into<String>) -> Error {
        Error { kind, message: message.into(), hint: None, cause: None }
    }

    /// Adds the way out: the setting, the package or the command that mends it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Error {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what caused it.
    #[must_use]
    pub fn because(mut self, cause: impl std::error::Error + Send + Sync + 'static) -> Error {
        self.cause = Some(Box::new(cause));
        self
    }

    /// Puts another kind on it, where a layer above knows better.
    #[must_use]
    pub fn with_kind(mut self, kind: Kind) -> Error {
        self.kind = kind;
        self
    }

    /// What callers branch on.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The hint of this error, or of the nearest cause that has one.
    #[must_use]
    pub fn find_hint(&self) -> Option<&str> {
        if let Some(hint) = &self.hint {
            return Some(hint);
        }
        self.cause.as_ref().and_then(|c| c.downcast_ref::<Error>()).and_then(Error::find_hint)
    }

    /// The I/O error at the bottom of the chain, if there is one.
    #[must_use]
    pub fn io(&self) -> Option<&std::io::Error> {
        let mut next: Option<&(dyn std::error::Error + 'static)> = self.cause.as_deref().map(|c| c as _);
        while let Some(cause) = next {
            if let Some(io) = cause.downcast_ref::<std::io::Error>() {
                return Some(io);
            }
            next = cause.source();
        }
        None
    }

    /// The message with its causes, `: ` between them, without the hint.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.message.clone();
        let mut next = std::error::Error::source(self);
        while let Some(cause) = next {
            let cause_text = match cause.downcast_ref::<Error>() {
                Some(error) => error.message.clone(),
                None => plain(cause),
            };
            // A library's error often repeats the text of its own cause.
            if !text.ends_with(&cause_text) {
                text.push_str(": ");
                text.push_str(&cause_text);
            }
            next = cause.source();
        }
        text
    }
}

/// An operating system error without Rust's `(os error N)` behind it.
fn plain(cause: &(dyn std::error::Error + 'static)) -> String {
    let text = cause.to_string();
    match text.find(" (os error ") {
        Some(at) => text[..at].to_string(),
        None => text,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|c| c as _)
    }
}

impl From<std::io::Error> for Error {
    fn from(cause: std::io::Error) -> Error {
        use std::io::ErrorKind;
        let kind = match cause.kind() {
            ErrorKind::NotFound => Kind::NotFound,
            ErrorKind::PermissionDenied => Kind::Denied,
            ErrorKind::AlreadyExists => Kind::Conflict,
            _ => Kind::Failed,
        };
        let hint = match cause.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                Some("free some space (`box image prune -a` and `box container prune` free what box holds)")
            }
            ErrorKind::FileTooLarge => Some("the limit on the size of files is too low: ulimit -f unlimited"),
            _ if matches!(cause.raw_os_error(), Some(nix::libc::EMFILE)) => {
                Some("the limit on open files is too low: ulimit -n 1024")
            }
            _ => None,
        };
        let text = plain(&cause);
        Error { kind, message: text, hint: hint.map(str::to_string), cause: Some(Box::new(cause)) }
    }
}

impl From<nix::errno::Errno> for Error {
    fn from(errno: nix::errno::Errno) -> Error {
        std::io::Error::from(errno).into()
    }
}

impl From<rustix::io::Errno> for Error {
    fn from(errno: rustix::io::Errno) -> Error {
        std::io::Error::from(errno).into()
    }
}

/// Says what was being done when something failed.
pub trait Doing<T> {
    /// Wraps the error in `what`, which reads on from "cannot": "read the state of …".
    ///
    /// # Errors
    /// The same error, one level deeper, its kind and hint kept.
    fn doing<S: Into<String>>(self, what: impl FnOnce() -> S) -> Result<T>;
}

impl<T, E: Into<Error>> Doing<T> for std::result::Result<T, E> {
    fn doing<S: Into<String>>(self, what: impl FnOnce() -> S) -> Result<T> {
        self.map_err(|cause| {
            let cause: Error = cause.into();
            Error {
                kind: cause.kind,
                message: format!("cannot {}", what().into()),
                hint: None,
                cause: Some(Box::new(cause)),
            }
        })
    }
}

/// Shorthand for an [`Error`] of kind [`Kind::Invalid`].
pub fn invalid(message: impl Into<String>) -> Error {
    Error::new(Kind::Invalid, message)
}

/// Shorthand for an [`Error`] of kind [`Kind::Failed`].
pub fn failed(message: impl Into<String>) -> Error {
    Error::new(Kind::Failed, message)
}

/// The error of a standard stream, `output` or `error`, that cannot be written.
///
/// It does not say how to free space: nobody knows where the stream leads.
pub fn standard_stream(name: &str, cause: std::io::Error) -> Error {
    failed(format!("cannot write to standard {name}")).because(cause)
}

/// Several errors of one teardown as one, the first one's kind and hint kept; `Ok` for none.
///
/// # Errors
/// The joined error when `errors` is not empty.
pub fn all(errors: Vec<Error>) -> Result<()> {
    let mut errors = errors.into_iter();
    let Some(mut first) = errors.next() else { return Ok(()) };
    for error in errors {
        first.message = format!("{}\n{}", first.message, error.chain());
    }
    Err(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_reads_from_the_act_to_its_cause() {
        let io = std::io::Error::from_raw_os_error(2);
        let error = Err::<(), _>(io).doing(|| "read /x").doing(|| "start container c").unwrap_err();
        assert_eq!(error.chain(), "cannot start container c: cannot read /x: No such file or directory");
        assert_eq!(error.kind(), Kind::NotFound);
        assert_eq!(error.io().and_then(std::io::Error::raw_os_error), Some(2));
    }

    #[test]
    fn the_nearest_hint_is_found() {
        let inner = Error::new(Kind::Unsupported, "no").hint("do this");
        let error = Err::<(), _>(inner).doing(|| "start").unwrap_err();
        assert_eq!(error.find_hint(), Some("do this"));
        assert_eq!(error.kind().exit_code(), 125);
    }
}

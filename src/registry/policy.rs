//! policy.json: which images may come here at all.
//!
//! Signatures are not checked yet: where the policy asks for one, nothing is let in.
//!
//! Source: containers-policy.json(5).

use crate::error::{Doing, Error, Kind, Result, invalid};
use crate::image::reference::Reference;
use crate::sys::file;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Files longer than this are refused.
const MAX_FILE: usize = 4 << 20;

/// The requirements for images, by where they come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    path: PathBuf,
    document: Document,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    default: Vec<Requirement>,
    #[serde(default)]
    transports: BTreeMap<String, BTreeMap<String, Vec<Requirement>>>,
}

/// What has to hold for an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Requirement {
    r#type: String,
}

impl Policy {
    /// Reads the user's file or else the system's; without one, anything is accepted.
    ///
    /// # Errors
    /// `Invalid` for a file that cannot be understood: then nothing may be let in.
    pub fn load() -> Result<Option<Policy>> {
        let user = dirs::config_dir().map(|dir| dir.join("containers/policy.json"));
        let system = PathBuf::from("/etc/containers/policy.json");
        for path in user.into_iter().chain([system]) {
            match file::read(&path, MAX_FILE) {
                Ok(bytes) => return Policy::parse(&bytes, &path).map(Some),
                Err(error) if error.kind() == Kind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    fn parse(bytes: &[u8], path: &Path) -> Result<Policy> {
        let doing = || format!("use {}", path.display());
        let document: Document = serde_json::from_slice(bytes)
            .map_err(|cause| invalid("it is not a policy.json").because(cause))
            .doing(doing)?;
        let empty = |scopes: &BTreeMap<String, Vec<Requirement>>| scopes.values().any(Vec::is_empty);
        if document.default.is_empty() || document.transports.values().any(empty) {
            let what = "it has an empty list of requirements";
            return Err(invalid(what).hint("write [{\"type\": \"reject\"}] for what is not to come"))
                .doing(doing);
        }
        let all = document.transports.values().flat_map(BTreeMap::values).chain([&document.default]);
        for requirement in all.flatten() {
            if !KNOWN.contains(&requirement.r#type.as_str()) {
                let what = format!("it has a requirement of the unknown type {:?}", requirement.r#type);
                return Err(invalid(what)).doing(doing);
            }
        }
        Ok(Policy { path: path.to_path_buf(), document })
    }

    /// Whether an image of a registry may come.
    ///
    /// # Errors
    /// `Denied` if not; `Unsupported` where a signature is asked for.
    pub fn check_name(&self, name: &Reference) -> Result<()> {
        self.check("docker", &scopes_of_name(name), &name.to_string())
    }

    /// Whether an image in a file or a directory may come.
    ///
    /// # Errors
    /// As [`Policy::check_name`].
    pub fn check_path(&self, transport: &str, path: &Path, only: Option<&str>) -> Result<()> {
        let text = path.to_string_lossy();
        let mut scopes: Vec<String> = only.map(|only| format!("{text}:{only}")).into_iter().collect();
        // "The top-level scope / is forbidden."
        scopes.extend(path.ancestors().filter(|p| p.parent().is_some()).map(|p| p.display().to_string()));
        self.check(transport, &scopes, &format!("{transport}:{text}"))
    }

    /// The most exact scope decides, then that of the transport, then that of all.
    fn check(&self, transport: &str, scopes: &[String], what: &str) -> Result<()> {
        let transports = self.document.transports.get(transport);
        let found = transports.and_then(|table| {
            let scope = scopes.iter().find_map(|scope| table.get_key_value(scope));
            scope.or_else(|| table.get_key_value(""))
        });
        let (place, requirements) = match found {
            Some((scope, requirements)) if scope.is_empty() => (transport.to_string(), requirements),
            Some((scope, requirements)) => (format!("{transport}: {scope}"), requirements),
            None => ("default".to_string(), &self.document.default),
        };
        let file = self.path.display();
        for requirement in requirements {
            match requirement.r#type.as_str() {
                ACCEPT => {}
                REJECT => {
                    let said = format!("{what} is rejected by policy ({file}, {place})");
                    return Err(Error::new(Kind::Denied, said));
                }
                signed => {
                    let said = format!("{what} has to be signed ({file}, {place}: {signed})");
                    return Err(Error::new(Kind::Unsupported, said)
                        .hint("not yet: signatures; insecureAcceptAnything for this scope lets it in"));
                }
            }
        }
        Ok(())
    }
}

const ACCEPT: &str = "insecureAcceptAnything";
const REJECT: &str = "reject";
const KNOWN: [&str; 5] = [ACCEPT, REJECT, "signedBy", "signedBaseLayer", "sigstoreSigned"];

/// `r.x.io/a/b:t`, `r.x.io/a/b`, `r.x.io/a`, `r.x.io`, `*.x.io`, `*.io`.
fn scopes_of_name(name: &Reference) -> Vec<String> {
    let mut scopes = vec![name.to_string()];
    let mut rest = name.name();
    loop {
        scopes.push(rest.clone());
        match rest.rfind('/') {
            Some(at) => rest.truncate(at),
            None => break,
        }
    }
    let host = name.registry().split(':').next().unwrap_or_default();
    let mut domain = host;
    while let Some((_, above)) = domain.split_once('.') {
        scopes.push(format!("*.{above}"));
        domain = above;
    }
    scopes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(text: &str) -> Result<Policy> {
        Policy::parse(text.as_bytes(), Path::new("policy.json"))
    }

    const TEXT: &str = r#"{"default":[{"type":"reject"}],"transports":{
        "docker":{"r.io":[{"type":"insecureAcceptAnything"}],"r.io/bad":[{"type":"reject"}],
            "r.io/bad/good:1":[{"type":"insecureAcceptAnything"}],
            "*.corp.example":[{"type":"insecureAcceptAnything"}],
            "s.io":[{"type":"insecureAcceptAnything"},{"type":"signedBy","keyType":"GPGKeys"}]},
        "oci":{"":[{"type":"reject"}],"/srv/images":[{"type":"insecureAcceptAnything"}]}}}"#;

    #[test]
    fn the_most_exact_scope_decides() {
        let policy = policy(TEXT).unwrap();
        let kind = |name: &str| {
            let name = Reference::parse(name).unwrap().tagged();
            policy.check_name(&name).err().map(|error| error.kind())
        };
        assert_eq!(kind("r.io/x"), None);
        assert_eq!(kind("r.io/bad/x"), Some(Kind::Denied));
        assert_eq!(kind("r.io/bad/good:1"), None);
        assert_eq!(kind("r.io/bad/good:2"), Some(Kind::Denied));
        assert_eq!(kind("r.io/badly"), None);
        assert_eq!(kind("a.b.corp.example:5000/x"), None);
        assert_eq!(kind("debian"), Some(Kind::Denied));
        assert_eq!(kind("s.io/x"), Some(Kind::Unsupported));
        let path = |path: &str| policy.check_path("oci", Path::new(path), None).is_ok();
        assert!(path("/srv/images/a") && path("/srv/images") && !path("/srv/imagesx") && !path("/srv"));
    }

    #[test]
    fn what_is_not_understood_lets_nothing_in() {
        for bad in [
            "",
            "{}",
            r#"{"default":[]}"#,
            r#"{"default":[{"type":"who knows"}]}"#,
            r#"{"default":[{"type":"reject"}],"more":1}"#,
            r#"{"default":[{"type":"reject"}],"transports":{"docker":{"":[]}}}"#,
        ] {
            assert!(policy(bad).is_err(), "{bad}");
        }
    }
}

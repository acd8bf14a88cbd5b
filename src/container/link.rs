//! Links, as Docker meant them: a name of one's own for another container, and variables that say
//! where its ports are.

use super::id::ContainerId;
use super::name::ContainerName;
use crate::error::{Error, Result, invalid};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::str::FromStr;

/// One `--link`: `db`, `db:database`, `/webapp-db:db`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkWord {
    /// The other container, as it was typed.
    pub container: String,
    /// What it is called here.
    pub alias: String,
}

impl FromStr for LinkWord {
    type Err = Error;

    fn from_str(text: &str) -> Result<LinkWord> {
        let wrong = || invalid(format!("{text:?} is not CONTAINER[:ALIAS], as in db or webapp-db:db"));
        let (container, alias) = text.split_once(':').unwrap_or((text, text));
        let bare = |word: &str| word.strip_prefix('/').unwrap_or(word).to_string();
        let (container, alias) = (bare(container), bare(alias));
        // It becomes a host's name and the beginning of variables.
        if container.is_empty() || alias.parse::<ContainerName>().is_err() {
            return Err(wrong());
        }
        Ok(LinkWord { container, alias })
    }
}

/// A link that was decided on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The other container.
    pub container: ContainerId,
    /// What it is called here.
    pub alias: String,
}

/// The other side of a link, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// What it is called here.
    pub alias: String,
    /// Its own name.
    pub name: ContainerName,
    /// The first digits of its id.
    pub short_id: String,
    /// Its address in a network that both are in.
    pub address: IpAddr,
    /// What it exposes: `6379/tcp`, sorted.
    pub exposed: Vec<String>,
    /// Its variables.
    pub env: Vec<String>,
}

impl Linked {
    /// The names in /etc/hosts. The short id is the last: by it the line is found again.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names = vec![self.alias.as_str(), self.name.as_str()];
        names.dedup();
        names.push(&self.short_id);
        names
    }

    /// The variables for a container called `own`.
    ///
    /// Source: docs.docker.com, "Legacy container links", environment variables.
    #[must_use]
    pub fn variables(&self, own: &ContainerName) -> Vec<(String, String)> {
        let prefix = self.alias.to_uppercase().replace(['-', '.'], "_");
        let ip = match self.address {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        let mut all = vec![(format!("{prefix}_NAME"), format!("/{own}/{}", self.alias))];
        for (at, port) in self.exposed.iter().enumerate() {
            let Some((number, protocol)) = port.split_once('/') else { continue };
            let url = format!("{protocol}://{ip}:{number}");
            if at == 0 {
                all.push((format!("{prefix}_PORT"), url.clone()));
            }
            let this = format!("{prefix}_PORT_{number}_{}", protocol.to_uppercase());
            all.push((format!("{this}_ADDR"), self.address.to_string()));
            all.push((format!("{this}_PORT"), number.to_string()));
            all.push((format!("{this}_PROTO"), protocol.to_string()));
            all.push((this, url));
        }
        let theirs = self.env.iter().filter_map(|line| line.split_once('='));
        // Those that every container has say nothing about this one.
        let own = |key: &str| !["PATH", "HOME", "HOSTNAME", "TERM", "container"].contains(&key);
        let theirs = theirs.filter(|(key, _)| own(key));
        all.extend(theirs.map(|(key, value)| (format!("{prefix}_ENV_{key}"), value.to_string())));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read_as_docker_wrote_them() {
        let read = |text: &str| text.parse::<LinkWord>().map(|link| (link.container, link.alias));
        assert_eq!(read("db").unwrap(), ("db".into(), "db".into()));
        assert_eq!(read("redis:db").unwrap(), ("redis".into(), "db".into()));
        assert_eq!(read("/redis:redis").unwrap(), ("redis".into(), "redis".into()));
        for wrong in ["", ":", "db:", ":db", "db:a b", "db:a=b"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_variables_are_those_of_dockers_manual() {
        let linked = Linked {
            alias: "my-db".into(),
            name: "redis".parse().unwrap(),
            short_id: "0123456789ab".into(),
            address: "172.17.0.5".parse().unwrap(),
            exposed: vec!["6379/tcp".into(), "53/udp".into()],
            env: vec!["PASSWORD=a=b".into(), "PATH=/bin".into()],
        };
        let lines: Vec<String> = linked
            .variables(&"webapp".parse().unwrap())
            .into_iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        assert_eq!(
            lines,
            [
                "MY_DB_NAME=/webapp/my-db",
                "MY_DB_PORT=tcp://172.17.0.5:6379",
                "MY_DB_PORT_6379_TCP_ADDR=172.17.0.5",
                "MY_DB_PORT_6379_TCP_PORT=6379",
                "MY_DB_PORT_6379_TCP_PROTO=tcp",
                "MY_DB_PORT_6379_TCP=tcp://172.17.0.5:6379",
                "MY_DB_PORT_53_UDP_ADDR=172.17.0.5",
                "MY_DB_PORT_53_UDP_PORT=53",
                "MY_DB_PORT_53_UDP_PROTO=udp",
                "MY_DB_PORT_53_UDP=udp://172.17.0.5:53",
                "MY_DB_ENV_PASSWORD=a=b",
            ]
        );
        assert_eq!(linked.names(), ["my-db", "redis", "0123456789ab"]);
    }
}

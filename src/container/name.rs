//! A container's name, given or generated.

use crate::error::{Error, Result, invalid};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// `[a-zA-Z0-9][a-zA-Z0-9_.-]*`, as in podman and docker.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContainerName(String);

impl ContainerName {
    /// The name without a leading slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A name like `brave_curie` from a random number; there are some ten thousand.
    #[must_use]
    pub fn generated(random: u64) -> ContainerName {
        let left = LEFT[(random % LEFT.len() as u64) as usize];
        let right = RIGHT[(random / LEFT.len() as u64 % RIGHT.len() as u64) as usize];
        ContainerName(format!("{left}_{right}"))
    }
}

impl FromStr for ContainerName {
    type Err = Error;
    fn from_str(text: &str) -> Result<ContainerName> {
        // Docker shows names with a leading slash, and scripts hand them back so.
        let name = text.strip_prefix('/').unwrap_or(text);
        let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
        let first = name.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric);
        if !first || !name.bytes().all(good) || name.len() > 200 {
            return Err(invalid(format!(
                "{text:?} is not a name: it begins with a letter or digit, then letters, digits, '_', '.' and '-' follow"
            )));
        }
        Ok(ContainerName(name.to_string()))
    }
}

impl TryFrom<String> for ContainerName {
    type Error = Error;
    fn try_from(text: String) -> Result<ContainerName> {
        text.parse()
    }
}

impl From<ContainerName> for String {
    fn from(name: ContainerName) -> String {
        name.0
    }
}

impl fmt::Display for ContainerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const LEFT: &[&str] = &[
    "able", "agile", "amber", "ample", "apt", "awake", "blithe", "bold", "brave", "breezy", "bright",
    "brisk", "calm", "candid", "cheery", "civil", "clear", "clever", "cosy", "crisp", "curious", "daring",
    "deft", "eager", "early", "earnest", "easy", "fair", "fleet", "fond", "frank", "fresh", "gentle", "glad",
    "golden", "grand", "happy", "hardy", "hearty", "honest", "humble", "ideal", "jolly", "jovial", "keen",
    "kind", "lively", "loyal", "lucid", "lucky", "mellow", "merry", "mighty", "modest", "neat", "nifty",
    "nimble", "noble", "patient", "placid", "plucky", "polite", "prime", "proud", "quick", "quiet", "ready",
    "robust", "rosy", "serene", "sharp", "silent", "sincere", "sleek", "smart", "smooth", "snug", "sober",
    "solid", "spry", "steady", "sunny", "swift", "tidy", "tranquil", "true", "upbeat", "valiant", "vivid",
    "warm", "wise", "witty", "zesty",
];

const RIGHT: &[&str] = &[
    "abel",
    "agnesi",
    "ampere",
    "babbage",
    "banach",
    "bardeen",
    "bernoulli",
    "bohr",
    "boole",
    "borg",
    "bose",
    "brahe",
    "cantor",
    "carson",
    "cauchy",
    "cerf",
    "chandra",
    "church",
    "curie",
    "darwin",
    "descartes",
    "dijkstra",
    "dirac",
    "einstein",
    "elion",
    "erdos",
    "euclid",
    "euler",
    "faraday",
    "fermat",
    "fermi",
    "feynman",
    "fourier",
    "franklin",
    "galileo",
    "galois",
    "gauss",
    "germain",
    "goedel",
    "goodall",
    "hamilton",
    "hawking",
    "hertz",
    "hilbert",
    "hopper",
    "hypatia",
    "johnson",
    "joliot",
    "kepler",
    "khorana",
    "kilby",
    "knuth",
    "kovalevskaya",
    "lagrange",
    "lamarr",
    "laplace",
    "leavitt",
    "leibniz",
    "liskov",
    "lovelace",
    "maxwell",
    "mcclintock",
    "meitner",
    "mendel",
    "mirzakhani",
    "moser",
    "napier",
    "nash",
    "newton",
    "nobel",
    "noether",
    "ohm",
    "pascal",
    "pasteur",
    "pauling",
    "perlman",
    "planck",
    "poincare",
    "ptolemy",
    "raman",
    "riemann",
    "ritchie",
    "rubin",
    "sagan",
    "sammet",
    "shannon",
    "sinclair",
    "swartz",
    "tesla",
    "thompson",
    "torvalds",
    "turing",
    "villani",
    "volta",
    "wiles",
    "wilson",
    "wozniak",
    "wright",
    "wu",
    "yalow",
    "yonath",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_as_podman_does() {
        for good in ["a", "/redis", "web-1_x.y", "0"] {
            assert!(good.parse::<ContainerName>().is_ok(), "{good}");
        }
        for bad in ["", "/", "-a", "a b", "a/b", "ä", ".x"] {
            assert!(bad.parse::<ContainerName>().is_err(), "{bad}");
        }
        assert_eq!("/redis".parse::<ContainerName>().unwrap().as_str(), "redis");
    }

    #[test]
    fn a_generated_name_is_a_name() {
        for random in [0, 1, 12345, u64::MAX] {
            let name = ContainerName::generated(random);
            assert!(name.as_str().parse::<ContainerName>().is_ok());
        }
    }
}

//! `--ulimit`.

use super::config::Ulimit;
use crate::error::{Error, Result, invalid};
use crate::sys::limits;
use std::str::FromStr;

/// One `--ulimit`.
#[derive(Clone, Debug, PartialEq)]
pub enum UlimitRequest {
    /// `host`: the caller's own limits, no defaults of ours.
    Host,
    /// `nofile=1024:2048`.
    Set(Ulimit),
}

impl FromStr for UlimitRequest {
    type Err = Error;

    fn from_str(text: &str) -> Result<UlimitRequest> {
        if text == "host" {
            return Ok(UlimitRequest::Host);
        }
        let wrong = || invalid("it is NAME=SOFT[:HARD], as in nofile=1024:2048, or host");
        let (name, values) = text.split_once('=').ok_or_else(wrong)?;
        if limits::number(name).is_none() {
            let known: Vec<_> = limits::NAMES.iter().map(|(name, _)| *name).collect();
            return Err(invalid(format!("there is no limit {name:?} (there are {})", known.join(", "))));
        }
        let value = |text: &str| match text {
            "-1" | "unlimited" => Ok(u64::MAX),
            _ => text.parse::<u64>().map_err(|_| wrong()),
        };
        let (soft, hard) = match values.split_once(':') {
            Some((soft, hard)) => (value(soft)?, value(hard)?),
            None => (value(values)?, value(values)?),
        };
        if soft > hard {
            return Err(invalid(format!("the soft limit {soft} is above the hard limit {hard}")));
        }
        let name = name.to_ascii_lowercase().trim_start_matches("rlimit_").to_string();
        Ok(UlimitRequest::Set(Ulimit { name, soft, hard }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_has_a_name_and_one_or_two_values() {
        let set = |name: &str, soft, hard| UlimitRequest::Set(Ulimit { name: name.into(), soft, hard });
        assert_eq!("nofile=1024:2048".parse::<UlimitRequest>().unwrap(), set("nofile", 1024, 2048));
        assert_eq!("RLIMIT_CORE=-1".parse::<UlimitRequest>().unwrap(), set("core", u64::MAX, u64::MAX));
        assert_eq!("host".parse::<UlimitRequest>().unwrap(), UlimitRequest::Host);
        for wrong in ["nofile", "nofile=", "nofile=x", "nofiles=1", "nofile=2:1", "nofile=1:2:3"] {
            assert!(wrong.parse::<UlimitRequest>().is_err(), "{wrong}");
        }
    }
}

//! What containers.conf and config.toml say where no flag does.

use super::super::{surroundings, userns};
use super::{ContainerFlags, words};
use crate::container::limit::UlimitRequest;
use crate::container::request::{Defaults, NetworkRequest};
use crate::container::uplink::UplinkOptions;
use crate::error::{Doing, Error, Result, invalid};
use crate::network::hosts::HOST_NAMES;
use crate::settings::conf::{Conf, words as list};
use std::net::IpAddr;
use std::str::FromStr;

/// Parses a value of a file as the flag does; the error names the key.
fn parse<T>(key: &str, text: &str, parse: impl Fn(&str) -> Result<T>) -> Result<T> {
    parse(text).doing(|| format!("use {key} = {text:?} of containers.conf"))
}

fn typed<T: FromStr<Err = Error>>(text: &str) -> Result<T> {
    text.parse()
}

impl ContainerFlags {
    /// Fills in what no flag says; the result is what goes below the image's own word.
    ///
    /// # Errors
    /// `Invalid` for a value that the flag of that name would not take.
    pub(super) fn fill(&mut self, conf: &Conf) -> Result<Defaults> {
        if *conf == Conf::default() {
            return Ok(Defaults::default());
        }
        self.fill_namespaces(conf)?;
        self.fill_files(conf)?;
        let of = &conf.containers;
        let pairs = list(&of.annotations).map(|text| parse("annotations", text, words::pair));
        let mut annotations = pairs.collect::<Result<Vec<_>>>()?;
        annotations.append(&mut self.annotation);
        self.annotation = annotations;
        self.env_host |= of.env_host == Some(true);
        self.init |= of.init == Some(true);
        self.network.no_hosts |= of.no_hosts == Some(true);
        self.privileged |= of.privileged == Some(true);
        self.read_only |= of.read_only == Some(true);
        self.http_proxy = self.http_proxy.or(of.http_proxy);
        self.oom_score_adj = self.oom_score_adj.or(of.oom_score_adj);
        self.stop_timeout = self.stop_timeout.or(conf.engine.stop_timeout);
        if let (None, Some(umask)) = (self.umask, &of.umask) {
            self.umask = Some(parse("umask", umask, words::octal)?);
        }
        if let (None, Some(zone)) = (&self.surroundings.tz, &of.tz) {
            self.surroundings.tz = Some(parse("tz", zone, surroundings::zone)?);
        }
        if let (None, Some(policy)) = (self.pull, &conf.engine.pull_policy) {
            self.pull = Some(parse("pull_policy", policy, words::pull)?);
        }
        if let (None, Some(kind)) = (self.image_volume, &conf.engine.image_volume_mode) {
            self.image_volume = Some(parse("image_volume_mode", kind, words::image_volume)?);
        }
        let limits =
            list(&of.default_ulimits).map(|text| parse("default_ulimits", text, typed::<UlimitRequest>));
        let sysctls = list(&of.default_sysctls).map(|text| parse("default_sysctls", text, words::pair));
        Ok(Defaults {
            env: list(&of.env).map(str::to_string).collect(),
            capabilities: of
                .default_capabilities
                .as_ref()
                .map(|_| list(&of.default_capabilities).map(str::to_string).collect()),
            ulimits: limits.collect::<Result<_>>()?,
            sysctls: sysctls.collect::<Result<_>>()?,
        })
    }

    fn fill_namespaces(&mut self, conf: &Conf) -> Result<()> {
        let of = &conf.containers;
        let network = &mut self.network;
        for (flag, key, value) in [
            (&mut self.cgroupns, "cgroupns", &of.cgroupns),
            (&mut self.ipc, "ipcns", &of.ipcns),
            (&mut self.pid, "pidns", &of.pidns),
            (&mut self.uts, "utsns", &of.utsns),
        ] {
            if let (None, Some(value)) = (&flag, value) {
                *flag = Some(parse(key, value, words::namespace)?);
            }
        }
        if let (false, None, Some(file)) = (network.no_hosts, &network.hosts_file, &of.base_hosts_file)
            && !file.is_empty()
        {
            network.hosts_file = Some(parse("base_hosts_file", file, super::super::network::hosts_file)?);
        }
        if let (false, Some(value)) = (self.user_namespace.is_given(), &of.userns) {
            self.user_namespace.userns = Some(parse("userns", value, userns::user_namespace)?);
        }
        if let (true, Some(value)) = (network.network.is_empty(), &of.netns) {
            network.network.push(parse("netns", value, super::super::network::parse)?);
        }
        for asked in &mut network.network {
            // What stands behind the flag takes the place of all that stands in the file.
            match asked {
                NetworkRequest::Slirp4netns(options) if *options == UplinkOptions::default() => {
                    let text = list(&conf.engine.network_cmd_options).collect::<Vec<_>>().join(",");
                    *options = parse("network_cmd_options", &text, UplinkOptions::parse)?;
                }
                NetworkRequest::Pasta(options) if *options == UplinkOptions::default() => {
                    let text = list(&conf.network.pasta_options).collect::<Vec<_>>().join(",");
                    *options = parse("pasta_options", &text, UplinkOptions::parse_pasta)?;
                }
                _ => {}
            }
        }
        let has_hosts =
            !matches!(network.network.first(), Some(NetworkRequest::Container(_) | NetworkRequest::None));
        if let (false, true, Some(address)) = (network.no_hosts, has_hosts, &of.host_containers_internal_ip)
            && !address.is_empty()
        {
            let address: IpAddr = parse("host_containers_internal_ip", address, |text| {
                text.parse().map_err(|_| invalid("that is no address"))
            })?;
            for name in HOST_NAMES.split(' ') {
                if !network.add_host.iter().flatten().any(|(known, _)| known == name) {
                    network.add_host.push(vec![(name.into(), address.to_string())]);
                }
            }
        }
        // Name servers are the network's business where it is another's.
        if !matches!(network.network.first(), Some(NetworkRequest::Container(_))) {
            if network.dns.is_empty() {
                let servers = list(&of.dns_servers).map(|text| parse("dns_servers", text, words::dns));
                network.dns = servers.collect::<Result<_>>()?;
            }
            if network.dns_search.is_empty() {
                network.dns_search = list(&of.dns_searches).map(str::to_string).collect();
            }
            if network.dns_option.is_empty() {
                network.dns_option = list(&of.dns_options).map(str::to_string).collect();
            }
        }
        Ok(())
    }

    fn fill_files(&mut self, conf: &Conf) -> Result<()> {
        let of = &conf.containers;
        let mut devices = list(&of.devices)
            .map(|text| parse("devices", text, words::device))
            .collect::<Result<Vec<_>>>()?;
        devices.append(&mut self.device);
        self.device = devices;
        let mut volumes =
            list(&of.volumes).map(|text| parse("volumes", text, typed)).collect::<Result<Vec<_>>>()?;
        volumes.append(&mut self.volume);
        self.volume = volumes;
        let mut mounts =
            list(&of.mounts).map(|text| parse("mounts", text, typed)).collect::<Result<Vec<_>>>()?;
        mounts.append(&mut self.mount);
        self.mount = mounts;
        if let (None, Some(size)) = (&self.shm_size, &of.shm_size) {
            self.shm_size = Some(parse("shm_size", size, typed)?);
        }
        let has_profile = self.security_opt.iter().any(|word| word.starts_with("seccomp"));
        if let (false, false, Some(profile)) = (has_profile, self.privileged, &of.seccomp_profile)
            && !profile.is_empty()
        {
            self.security_opt.push(format!("seccomp={profile}"));
        }
        if let (None, Some(driver)) = (&self.log_driver, &of.log_driver) {
            // One that box does not have is podman's business: box writes its own file then.
            self.log_driver = words::log_driver(driver).ok();
        }
        let has = |options: &[(String, String)], key: &str| options.iter().any(|(known, _)| known == key);
        if let Some(size) = of.log_size_max.filter(|size| *size >= 0 && !has(&self.log_opt, "max-size")) {
            self.log_opt.push(("max-size".into(), size.to_string()));
        }
        if let Some(tag) = of.log_tag.as_ref().filter(|tag| !tag.is_empty() && !has(&self.log_opt, "tag")) {
            self.log_opt.push(("tag".into(), tag.clone()));
        }
        Ok(())
    }
}

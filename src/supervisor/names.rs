//! The names of containers, as the DNS of their networks knows them.

use crate::container::bridge::{Lease, NetworkConfig, NetworkName};
use crate::container::config::ContainerConfig;
use crate::container::id::ContainerId;
use crate::error::Result;
use crate::network::dns::{Desk, Found, Kind, Question, Server, Zone};
use crate::store::layout::Store;
use crate::store::{containers, leases, links, networks};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

/// The domain that podman's users find containers in.
const DOMAIN: &str = ".dns.podman";

/// A file's time is no finer than this: what is younger may change again without showing it.
const GRAIN: Duration = Duration::from_millis(20);

/// Begins to answer at all of `desks`; `None` if there are none.
///
/// # Errors
/// When no thread is left.
pub fn serve(store: &Store, desks: Vec<Desk>) -> Result<Option<Server>> {
    if desks.is_empty() {
        return Ok(None);
    }
    let mut zones: Vec<(Desk, Box<dyn Zone>)> = Vec::new();
    for desk in desks {
        let zone = zone(store, &desk)?;
        zones.push((desk, zone));
    }
    Server::start(zones).map(Some)
}

/// What is known at one desk.
///
/// # Errors
/// `NotFound` for a network that is gone.
pub fn zone(store: &Store, desk: &Desk) -> Result<Box<dyn Zone>> {
    let network = networks::get(store, &desk.network.parse()?)?;
    let read = networks::mark(store, &network.name);
    Ok(Box::new(Names {
        store: store.clone(),
        network,
        read,
        books: BTreeMap::new(),
        askers: BTreeMap::new(),
        turn: 0,
    }))
}

/// The names of one network, and of the others that an asker is in.
#[derive(Debug)]
struct Names {
    store: Store,
    network: NetworkConfig,
    /// Which version of it.
    read: Option<(u64, i64, i64)>,
    books: BTreeMap<NetworkName, Book>,
    /// Those who asked.
    askers: BTreeMap<ContainerId, Asker>,
    /// How often we answered: whoever shares a name takes turns at being the first.
    turn: usize,
}

/// In which networks somebody is, and which version of its record says so.
#[derive(Debug)]
struct Asker {
    mark: (u64, (i64, u64)),
    places: Vec<NetworkName>,
}

/// Who is in a network.
#[derive(Debug, Default)]
struct Book {
    mark: Option<(i64, u64)>,
    members: Vec<Member>,
}

/// One container in it.
#[derive(Debug)]
struct Member {
    id: ContainerId,
    lease: Lease,
    /// All its names, in lower case.
    names: Vec<String>,
    /// What was decided about it, if it has links.
    linker: Option<Box<ContainerConfig>>,
    /// The name servers that it wants to be asked (`--dns`).
    servers: Vec<IpAddr>,
}

impl Member {
    fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.lease.ip4.map(IpAddr::V4).into_iter().chain(self.lease.ip6.map(IpAddr::V6))
    }
}

impl Book {
    /// Reads again what has changed; with a time that is too young to tell, in any case. `true`: it did.
    fn open(&mut self, store: &Store, network: &NetworkName) -> bool {
        let mark = leases::mark(store, network);
        if mark.is_some() && mark == self.mark {
            return false;
        }
        let members = leases::all(store, network).unwrap_or_default();
        self.members = members.into_iter().map(|(id, lease)| member(store, id, lease)).collect();
        self.mark = mark.filter(|mark| is_settled(*mark));
        true
    }
}

fn is_settled((seconds, nanos): (i64, u64)) -> bool {
    let Ok(seconds) = u64::try_from(seconds) else { return true };
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_nanos(nanos);
    SystemTime::now().duration_since(then).is_ok_and(|age| age > GRAIN)
}

fn member(store: &Store, id: ContainerId, lease: Lease) -> Member {
    let mut names = vec![lease.name.clone(), lease.short_id.clone()];
    names.extend(lease.aliases.iter().cloned());
    // It may have another name by now; and peers use its host name too.
    names.extend(containers::name(store, &id).ok().map(|name| name.to_string()));
    let config = containers::config(store, &id).ok();
    names.extend(config.as_ref().map(|config| config.identity.hostname.clone()));
    for name in &mut names {
        name.make_ascii_lowercase();
    }
    let servers = config.iter().flat_map(|config| &config.identity.dns_servers);
    let servers = servers.filter_map(|server| server.parse().ok()).collect();
    let linker = config.filter(|config| !config.network.links.is_empty()).map(Box::new);
    Member { id, lease, names, linker, servers }
}

impl Zone for Names {
    fn knows(&self, asker: IpAddr) -> bool {
        self.network.subnets.iter().any(|of| of.subnet.contains(asker))
    }

    fn look_up(&mut self, asker: IpAddr, question: &Question) -> Found {
        let own = self.network.name.clone();
        if self.books.entry(own.clone()).or_default().open(&self.store, &own) {
            // Some of them may be gone.
            self.askers.clear();
        }
        let places = self.places(asker);
        for place in places.iter().filter(|place| **place != own) {
            self.books.entry(place.clone()).or_default().open(&self.store, place);
        }
        if let Kind::Pointer(address) = question.kind {
            return self.name_of(asker, address, &places, question);
        }
        let name = question.name.strip_suffix(DOMAIN).unwrap_or(&question.name);
        let mut addresses = self.linked(asker, name, &places);
        if addresses.is_empty() {
            addresses = self.addresses_of(name, &places);
        }
        // NAME.NETWORK is what Docker's users write.
        if addresses.is_empty()
            && let Some((first, network)) = name.rsplit_once('.')
            && let Some(place) = places.iter().find(|place| place.as_str() == network)
        {
            addresses = self.addresses_of(first, std::slice::from_ref(place));
        }
        if !addresses.is_empty() {
            self.turn = self.turn.wrapping_add(1);
            let count = addresses.len();
            addresses.rotate_left(self.turn % count);
            return Found::Addresses(addresses);
        }
        let single = !name.contains('.') && matches!(question.kind, Kind::A | Kind::Aaaa | Kind::Any);
        if name.len() != question.name.len() || single || self.network.internal {
            // Nobody outside knows such a name, and no question leaves an internal network.
            return Found::Nothing;
        }
        self.elsewhere(asker)
    }
}

impl Names {
    /// This network, and the others in which the asker is.
    fn places(&mut self, asker: IpAddr) -> Vec<NetworkName> {
        let mut places = vec![self.network.name.clone()];
        let book = self.books.get(&self.network.name);
        let member = book.and_then(|book| book.members.iter().find(|m| m.addresses().any(|a| a == asker)));
        let Some(id) = member.map(|member| member.id.clone()) else { return places };
        let mark = leases::record_mark(&self.store, &id);
        if let Some(asker) = self.askers.get(&id)
            && mark == Some(asker.mark)
        {
            return asker.places.clone();
        }
        let record = leases::record(&self.store, &id).ok().flatten();
        for attachment in record.iter().flat_map(|record| &record.attachments) {
            if attachment.dns && !places.contains(&attachment.network) {
                places.push(attachment.network.clone());
            }
        }
        match mark.filter(|(_, time)| is_settled(*time)) {
            Some(mark) => drop(self.askers.insert(id, Asker { mark, places: places.clone() })),
            None => drop(self.askers.remove(&id)),
        }
        places
    }

    fn members(&self, place: &NetworkName) -> impl Iterator<Item = &Member> {
        let members = self.books.get(place).map_or(&[][..], |book| &book.members);
        members.iter()
    }

    fn addresses_of(&self, name: &str, places: &[NetworkName]) -> Vec<IpAddr> {
        for place in places {
            let found: Vec<IpAddr> = self
                .members(place)
                .filter(|member| member.names.iter().any(|known| known == name))
                .filter(|member| leases::is_alive(&self.store, &member.id))
                .flat_map(Member::addresses)
                .collect();
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// The address of the container that the asker alone calls so.
    fn linked(&self, asker: IpAddr, name: &str, places: &[NetworkName]) -> Vec<IpAddr> {
        let mut askers = self.members(&self.network.name).filter(|m| m.addresses().any(|a| a == asker));
        let Some(config) = askers.find_map(|member| member.linker.as_deref()) else { return Vec::new() };
        let links = links::current(&self.store, config).unwrap_or_default();
        let link = links.iter().find(|link| link.alias.eq_ignore_ascii_case(name));
        let members = places.iter().flat_map(|place| self.members(place));
        let mut meant = members.filter(|member| link.is_some_and(|link| link.container == member.id));
        let found = meant.find(|member| leases::is_alive(&self.store, &member.id));
        found.map(|member| member.addresses().collect()).unwrap_or_default()
    }

    fn name_of(
        &mut self,
        asker: IpAddr,
        address: IpAddr,
        places: &[NetworkName],
        question: &Question,
    ) -> Found {
        let mut members = places.iter().flat_map(|place| self.members(place));
        let member = members.find(|member| member.addresses().any(|own| own == address));
        if let Some(member) = member.filter(|member| leases::is_alive(&self.store, &member.id)) {
            return Found::Names(vec![member.lease.name.clone()]);
        }
        drop(members);
        if self.knows(address) || self.network.internal || question.name.is_empty() {
            return Found::Nothing;
        }
        self.elsewhere(asker)
    }

    /// The asker's own servers, else the network's, which may have changed.
    fn elsewhere(&mut self, asker: IpAddr) -> Found {
        let mut askers = self.members(&self.network.name).filter(|m| m.addresses().any(|a| a == asker));
        if let Some(member) = askers.find(|member| !member.servers.is_empty()) {
            return Found::Elsewhere(member.servers.clone());
        }
        drop(askers);
        let mark = networks::mark(&self.store, &self.network.name);
        if mark != self.read
            && let Ok(network) = networks::get(&self.store, &self.network.name)
        {
            (self.network, self.read) = (network, mark);
        }
        Found::Elsewhere(self.network.dns_servers.clone())
    }
}

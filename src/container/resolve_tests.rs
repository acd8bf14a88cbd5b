//! Tests of `container::resolve`.

use super::*;
use crate::container::config::MountSource;
use crate::container::request::{ImageVolumes, ProcessRequest};
use crate::container::volume::{TmpfsWord, VolumeWord, VolumesFrom};

fn host() -> HostFacts {
    HostFacts {
        networks: BTreeMap::new(),
        hostname: "host".into(),
        env: vec![("USER".into(), "alice".into()), ("http_proxy".into(), "http://p:1".into())],
        cwd: Some("/here".into()),
        hard_limits: BTreeMap::from([("nofile".into(), 20_000), ("nproc".into(), u64::MAX)]),
        may_raise_limits: false,
        processors: 2,
        last_capability: 40,
        storage: StorageDriver::Auto,
        ids: (1001, 1002),
        user_namespace: None,
        user_name: "ann".into(),
        containers: BTreeMap::from([("web".to_string(), ContainerId::from_random([7; 32]))]),
        mounts: MountFacts::default(),
    }
}

fn image() -> ImageConfig {
    let text = r#"{"architecture":"amd64","os":"linux","config":{
        "Env":["PATH=/bin","LANG=C"],"Entrypoint":["/start"],"Cmd":["serve"],"WorkingDir":"srv",
        "User":"www","Volumes":{"/data/":{},"/cache":{}},"ExposedPorts":{"80":{},"443/tcp":{}},
        "Labels":{"b":"image","a":"image"},"StopSignal":"SIGQUIT"},
        "rootfs":{"type":"layers","diff_ids":[]}}"#;
    ImageConfig::parse(text.as_bytes()).unwrap()
}

fn decide_with(image: &ImageConfig, change: impl FnOnce(&mut ContainerRequest)) -> Result<ContainerConfig> {
    let mut request = ContainerRequest { image: "img".into(), ..ContainerRequest::default() };
    change(&mut request);
    decide_on(image, &request, &host())
}

fn decide_on(image: &ImageConfig, request: &ContainerRequest, host: &HostFacts) -> Result<ContainerConfig> {
    let digest = BlobDigest::of(b"manifest");
    let id = ImageId::of_config(&BlobDigest::of(b"config"));
    let facts = ImageFacts {
        name: "localhost/img:latest",
        id: &id,
        digest: Some(&digest),
        layers: &[],
        config: image,
    };
    let id = ContainerId::from_random([0xab; 32]);
    resolve(request, Some(facts), id, Timestamp::UNIX_EPOCH, host)
}

fn decide(change: impl FnOnce(&mut ContainerRequest)) -> Result<ContainerConfig> {
    decide_with(&image(), change)
}

#[test]
fn the_defaults_are_those_of_the_image_and_ours() {
    let config = decide(|_| {}).unwrap();
    assert_eq!(config.process.args(), ["/start", "serve"]);
    assert_eq!(config.process.env, ["PATH=/bin", "LANG=C", "container=oci", "http_proxy=http://p:1"]);
    assert_eq!(config.process.workdir, "/srv");
    assert_eq!(config.process.user, "www");
    assert_eq!(config.process.umask, 0o022);
    assert_eq!(config.identity.hostname, "abababababab");
    assert_eq!(config.network.exposed, ["80/tcp", "443/tcp"]);
    assert_eq!(config.security.capabilities.len(), 14);
    assert_eq!(config.security.shm_size, 64 << 20);
    assert!(
        config.security.masked_paths.contains(&"/sys/devices/system/cpu/cpu1/thermal_throttle".to_string())
    );
    assert_eq!(config.ending.stop_signal, 3);
    assert_eq!(config.ending.stop_timeout, 10);
    let limit = |name: &str, n| Ulimit { name: name.into(), soft: n, hard: n };
    assert_eq!(config.process.ulimits, [limit("nofile", 20_000), limit("nproc", 1_048_576)]);
    assert_eq!(config.labels, [("a".into(), "image".into()), ("b".into(), "image".into())]);
    let places: Vec<_> = config.mounts.iter().map(|mount| mount.destination.as_str()).collect();
    assert_eq!(places, ["/cache", "/data"]);
    assert!(
        matches!(&config.mounts[0].source, MountSource::Volume { name, anonymous: true, .. } if name.as_str().len() == 64)
    );
}

#[test]
fn a_command_replaces_the_images_and_an_entrypoint_drops_it() {
    let args = |entrypoint: Option<&[&str]>, command: &[&str]| {
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let config = decide(|request| {
            request.process.entrypoint = entrypoint.map(words);
            request.command = words(command);
        });
        config.map(|config| config.process.args())
    };
    assert_eq!(args(None, &["sh", "-c"]).unwrap(), ["/start", "sh", "-c"]);
    assert_eq!(args(Some(&["/other"]), &[]).unwrap(), ["/other"]);
    assert_eq!(args(Some(&["/other"]), &["x"]).unwrap(), ["/other", "x"]);
    assert_eq!(args(Some(&[]), &["x"]).unwrap(), ["x"]);
    assert!(args(Some(&[]), &[]).unwrap_err().to_string().contains("no command to run"));
}

#[test]
fn the_environment_goes_from_the_image_to_the_user() {
    let config = decide(|request| {
        request.process = ProcessRequest {
            tty: true,
            env: ["LANG=de", "USER", "NOT_THERE"].map(String::from).to_vec(),
            env_merge: vec!["PATH=/x:${PATH}".into()],
            unset_env: vec!["container".into()],
            no_proxy_env: true,
            ..ProcessRequest::default()
        };
    });
    assert_eq!(config.unwrap().process.env, ["PATH=/x:/bin", "LANG=de", "TERM=xterm", "USER=alice"]);
    let bare = decide(|request| {
        request.process.unset_env_all = true;
        request.process.no_proxy_env = true;
    });
    assert!(bare.unwrap().process.env.is_empty());
    let path = decide_with(&ImageConfig::default(), |request| request.command = vec!["sh".into()]).unwrap();
    assert_eq!(path.process.env[0], format!("PATH={DEFAULT_PATH}"));
}

#[test]
fn limits_above_the_hosts_are_refused_and_host_means_host() {
    let with = |words: &[&str]| {
        let limits = words.iter().map(|word| word.parse().unwrap()).collect();
        decide(|request| request.process.ulimits = limits).map(|config| config.process.ulimits)
    };
    assert!(with(&["host"]).unwrap().is_empty());
    assert_eq!(with(&["nofile=10:20"]).unwrap()[1], Ulimit { name: "nofile".into(), soft: 10, hard: 20 });
    assert_eq!(with(&["nofile=30000"]).unwrap_err().kind(), Kind::Denied);
}

#[test]
fn privileged_takes_away_what_holds_it_in() {
    let security = decide(|request| request.security.privileged = true).unwrap().security;
    assert_eq!(security.capabilities.len(), 41);
    assert!(security.masked_paths.is_empty() && security.readonly_paths.is_empty());
    assert_eq!(security.seccomp, SeccompChoice::Unconfined);
}

#[test]
fn capabilities_and_masks_follow_the_words() {
    let security = decide(|request| {
        request.security.cap_drop = vec!["ALL".into()];
        request.security.cap_add = vec!["cap_net_admin".into()];
        request.security.options = ["unmask=/proc/k*", "mask=/etc/x", "no-new-privileges"]
            .iter()
            .map(|w| w.parse().unwrap())
            .collect();
    });
    let security = security.unwrap().security;
    assert_eq!(security.capabilities, ["NET_ADMIN"]);
    assert!(security.no_new_privileges);
    assert!(!security.masked_paths.iter().any(|path| path == "/proc/kcore" || path == "/proc/keys"));
    assert!(security.masked_paths.contains(&"/etc/x".to_string()));
    let open = decide(|request| request.security.options = vec!["unmask=ALL".parse().unwrap()]).unwrap();
    assert!(open.security.masked_paths.is_empty() && open.security.readonly_paths.is_empty());
}

#[test]
fn users_mounts_win_over_the_images_and_read_only_adds_tmpfs() {
    let config = decide(|request| {
        let volume = |text: &str| text.parse::<VolumeWord>().unwrap().0;
        request.mounts =
            vec![volume("./rel:/data"), volume("/b/../c:/z"), "/tmp:exec".parse::<TmpfsWord>().unwrap().0];
        request.security.read_only = true;
        request.image_volumes = ImageVolumes::Ignore;
    });
    let mounts = config.unwrap().mounts;
    let places: Vec<_> = mounts.iter().map(|mount| mount.destination.as_str()).collect();
    assert_eq!(places, ["/data", "/run", "/tmp", "/var/tmp", "/z"]);
    assert!(matches!(&mounts[0].source, MountSource::Bind { path, .. } if path == Path::new("/here/rel")));
    let twice = decide(|request| {
        request.mounts = ["/a:/x", "/b:/x"].map(|text| text.parse::<VolumeWord>().unwrap().0).to_vec();
    });
    assert!(twice.is_err());
}

#[test]
fn the_volumes_of_others_come_after_one_s_own_and_before_the_image_s() {
    let mut host = host();
    let theirs = |text: &str| {
        let mut config = decide(|request| request.mounts = vec![text.parse::<VolumeWord>().unwrap().0]);
        config.as_mut().unwrap().mounts.retain(|mount| text.contains(&mount.destination));
        config.unwrap().mounts
    };
    host.mounts.of_containers.insert("a".into(), theirs("one:/data"));
    host.mounts.of_containers.insert("b".into(), theirs("two:/data:ro"));
    host.mounts.of_containers.insert("c".into(), theirs("three:/mine"));
    let mut request = ContainerRequest { image: "img".into(), ..ContainerRequest::default() };
    request.mounts = vec!["/own:/mine".parse::<VolumeWord>().unwrap().0];
    request.volumes_from = VolumesFrom::parse("a,b:rw,c").unwrap();
    let mounts = decide_on(&image(), &request, &host).unwrap().mounts;
    let seen: Vec<_> = mounts
        .iter()
        .map(|mount| {
            (mount.destination.as_str(), mount.volume().map(|(n, _)| n.as_str().len()), mount.read_only)
        })
        .collect();
    // The later of two wins, and rw takes its ro away.
    assert_eq!(seen, [("/cache", Some(64), false), ("/data", Some(3), false), ("/mine", None, false)]);
}

#[test]
fn other_containers_are_found_or_missed() {
    let config = decide(|request| {
        request.namespaces.pid = NamespaceRequest::Container("web".into());
        request.networks = vec![NetworkRequest::Container("web".into())];
    });
    let id = ContainerId::from_random([7; 32]);
    let config = config.unwrap();
    assert_eq!(config.namespaces.pid, Namespace::Container(id.clone()));
    assert_eq!(config.network.mode, NetworkMode::Container(id));
    let missing = decide(|request| request.namespaces.ipc = NamespaceRequest::Container("no".into()));
    assert_eq!(missing.unwrap_err().kind(), Kind::NotFound);
}

#[test]
fn contradictions_are_refused() {
    type Change = fn(&mut ContainerRequest);
    let changes: [Change; 7] = [
        |r| {
            r.identity.hostname = Some("x".into());
            r.namespaces.uts = NamespaceRequest::Host;
        },
        |r| {
            r.identity.no_hosts = true;
            r.identity.add_hosts = vec![("a".into(), "1.2.3.4".into())];
        },
        |r| r.identity.dns = vec!["none".into(), "1.1.1.1".into()],
        |r| {
            r.networks = vec![NetworkRequest::Host];
            r.security.sysctls = vec![("net.ipv4.ip_forward".into(), "1".into())];
        },
        |r| r.security.sysctls = vec![("kernel.panic".into(), "1".into())],
        |r| r.process.workdir = Some("rel".into()),
        |r| r.security.cap_add = vec!["NOPE".into()],
    ];
    for (number, change) in changes.into_iter().enumerate() {
        assert_eq!(decide(change).unwrap_err().kind(), Kind::Invalid, "change {number}");
    }
}

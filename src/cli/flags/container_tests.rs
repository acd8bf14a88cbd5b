//! Each flag of `run` and `create` does something, or says by its name that it does not yet.

use super::*;
use crate::cli::flags::global::GlobalFlags;
use crate::cli::flags::refused;
use crate::container::id::ContainerId;
use crate::container::resolve::{HostFacts, ImageFacts, resolve};
use crate::error::Kind;
use crate::image::config::ImageConfig;
use crate::image::digest::{BlobDigest, ImageId};
use clap::{Command, FromArgMatches};
use jiff::Timestamp;

fn command() -> Command {
    refused::augment(RunFlags::augment_args(ContainerFlags::augment_args(Command::new("run"))))
}

fn parse(words: &[&str]) -> Result<(ContainerRequest, RunFlags), String> {
    let words = std::iter::once(&"run").chain(words).copied();
    let matches = command().try_get_matches_from(words).map_err(|said| said.to_string())?;
    refused::check(&matches).map_err(|error| error.chain())?;
    let flags = ContainerFlags::from_arg_matches(&matches).map_err(|said| said.to_string())?;
    let run = RunFlags::from_arg_matches(&matches).map_err(|said| said.to_string())?;
    let globals = GlobalFlags::augment_args(Command::new("box")).get_matches_from(["box"]);
    let ctx = Context::new(GlobalFlags::from_arg_matches(&globals).unwrap(), Vec::new());
    let attach = flags.attach.clone();
    let mut request = flags.request(&ctx).map_err(|error| error.chain())?;
    // What is for the client alone shows in the comparison too.
    request.create_command = attach;
    Ok((request, run))
}

fn good(words: &[&str]) -> ContainerRequest {
    parse(words).unwrap_or_else(|error| panic!("{words:?}: {error}")).0
}

/// What is decided from these words, for an image with a volume and a read-only root.
fn decided(words: &[&str]) -> Result<String, String> {
    let mut request = parse(words)?.0;
    request.create_command.clear();
    let text = r#"{"architecture":"amd64","os":"linux","config":{"Cmd":["sh"],"Env":["a=c","x=y"],"Volumes":{"/v":{}}},
        "rootfs":{"type":"layers","diff_ids":[]}}"#;
    let config = ImageConfig::parse(text.as_bytes()).unwrap();
    let id = ImageId::of_config(&BlobDigest::of(b"config"));
    let facts = ImageFacts { name: "img", id: &id, digest: None, layers: &[], config: &config };
    let host = HostFacts {
        hostname: "host".into(),
        env: vec![("http_proxy".into(), "http://p".into()), ("H".into(), "1".into())],
        cwd: Some("/".into()),
        processors: 1,
        last_capability: 40,
        containers: [("db".to_string(), ContainerId::from_random([2; 32]))].into(),
        ..HostFacts::default()
    };
    let id = ContainerId::from_random([1; 32]);
    let decided = resolve(&request, Some(facts), id, Timestamp::UNIX_EPOCH, &host);
    decided.map(|config| format!("{config:?}")).map_err(|error| error.chain())
}

/// A value that the flag takes and that is not its default.
fn sample(name: &str, file: &str) -> String {
    match name {
        "preserve-fd" | "preserve-fds" => "3",
        "add-host" => "a:1.2.3.4",
        "annotation" | "label" | "env-merge" => "a=b",
        "log-opt" => "path=/x",
        "sysctl" => "net.ipv4.ip_forward=1",
        "workdir" => "/x",
        "arch" => "arm64",
        "retry" => "7",
        "retry-delay" => "7s",
        "attach" => "stdout",
        "cap-add" | "cap-drop" => "NET_ADMIN",
        "cgroupns" | "pid" | "ipc" | "uts" | "network" => "host",
        "device" => "/dev/fuse",
        "dns" => "1.1.1.1",
        "env" => "H",
        "env-file" | "label-file" | "hosts-file" => file,
        "expose" | "publish" => "80",
        "http-proxy" | "tls-verify" | "read-only-tmpfs" | "sig-proxy" => "false",
        "image-volume" => "tmpfs",
        "ip" => "10.89.0.5",
        "link" => "db:x",
        "ip6" => "fd00::5",
        "mac-address" => "02:00:00:00:00:05",
        "log-driver" => "none",
        "mount" => "type=tmpfs,target=/x",
        "oom-score-adj" | "stop-timeout" | "timeout" => "7",
        "pull" => "never",
        "restart" => "always",
        "security-opt" => "no-new-privileges",
        "shm-size" => "1m",
        "stop-signal" => "INT",
        "tmpfs" | "volume" => "/x",
        "ulimit" => "nofile=10",
        "umask" => "077",
        "userns" => "nomap",
        "uidmap" | "gidmap" => "0:1:10",
        "passwd" => "false",
        "hostuser" => "root",
        "tz" => "local",
        _ => "x",
    }
    .to_string()
}

#[test]
fn each_flag_changes_the_request_or_refuses_by_its_name() {
    /// Accepted because what they ask for is what happens anyway.
    const WITHOUT_EFFECT: [&str; 4] = ["disable-content-trust", "init-path", "no-healthcheck", "runtime"];
    /// These are about the image, the name and the client, not about the container.
    const NOT_DECIDED: [&str; 28] = [
        // Descriptors go to the first start, and are none of the configuration.
        "preserve-fd",
        "preserve-fds",
        // What the caller's ids make of them is tried by tests/it/userns.rs.
        "uidmap",
        "gidmap",
        "subuidname",
        "subgidname",
        // Its containers are looked up by whoever resolves it.
        "requires",
        "arch",
        "attach",
        "authfile",
        "cert-dir",
        "creds",
        "retry",
        "retry-delay",
        "cidfile",
        "detach",
        "detach-keys",
        "name",
        "os",
        "platform",
        "pull",
        "quiet",
        "replace",
        "rmi",
        "sig-proxy",
        "tls-verify",
        "variant",
        "create-command",
    ];
    let file = std::env::temp_dir().join(format!("box-flags-{}", std::process::id()));
    std::fs::write(&file, "KEY=value\n").unwrap();
    let plain = format!("{:?}", parse(&["img"]).unwrap());
    let (mut works, mut refused) = (0, 0);
    for arg in command().get_arguments() {
        let Some(name) = arg.get_long().filter(|name| *name != "help") else { continue };
        let words = match arg.get_action().takes_values() {
            true => vec![format!("--{name}={}", sample(name, file.to_str().unwrap())), "img".to_string()],
            false => vec![format!("--{name}"), "img".to_string()],
        };
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        if name == "replace" {
            words.insert(0, "--name=x");
        }
        match parse(&words) {
            Ok(changed) if WITHOUT_EFFECT.contains(&name) => assert_eq!(format!("{changed:?}"), plain),
            Ok(changed) => {
                assert_ne!(format!("{changed:?}"), plain, "--{name} has no effect");
                works += 1;
                if !NOT_DECIDED.contains(&name) {
                    let base: Vec<&str> =
                        if name == "read-only-tmpfs" { vec!["--read-only", "img"] } else { vec!["img"] };
                    if name == "read-only-tmpfs" {
                        words.insert(0, "--read-only");
                    }
                    assert!(decided(&words) != decided(&base), "--{name} changes nothing of the container");
                }
            }
            Err(error) => {
                let named = error.contains(&format!("not yet: --{name}"))
                    || error.contains(&format!("box has no --{name}"));
                assert!(named, "--{name}: {error}");
                refused += 1;
            }
        }
    }
    std::fs::remove_file(&file).unwrap();
    assert!(works >= 70 && works + refused >= 150, "{works} work, {refused} are refused");
}

#[test]
fn what_follows_the_image_belongs_to_the_command() {
    let request = good(&["-it", "--rm", "img", "ls", "--rm", "-e", "x", "--", "-p"]);
    assert_eq!(request.image, "img");
    assert_eq!(request.command, ["ls", "--rm", "-e", "x", "--", "-p"]);
    assert!(request.process.tty && request.process.interactive && request.ending.remove);
    assert_eq!(good(&["--", "img", "-x"]).command, ["-x"]);
    assert!(parse(&["--frob", "img"]).is_err());
    assert!(parse(&["-it"]).is_err());
}

#[test]
fn values_may_begin_with_a_dash_where_it_makes_sense() {
    assert_eq!(good(&["--oom-score-adj", "-5", "img"]).process.oom_score_adj, Some(-5));
    assert_eq!(good(&["--pull", "always", "img"]).pull.policy, PullPolicy::Always);
    assert_eq!(good(&["--pull=never", "img"]).pull.policy, PullPolicy::Never);
    assert_eq!(good(&["-h", "web", "img"]).identity.hostname.as_deref(), Some("web"));
    assert_eq!(
        good(&["--arch", "arm64", "--variant", "v8", "img"]).pull.platform.as_deref(),
        Some("linux/arm64/v8")
    );
}

#[test]
fn volumes_and_mounts_keep_their_kinds() {
    let request = good(&["-v", "/:/host:ro", "--mount", "type=tmpfs,dst=/t", "--tmpfs", "/u", "img"]);
    let places: Vec<_> = request.mounts.iter().map(|mount| mount.destination.as_str()).collect();
    assert_eq!(places, ["/host", "/t", "/u"]);
    let missing = parse(&["--mount", "type=bind,src=/not/there,dst=/x", "img"]).unwrap_err();
    assert!(missing.contains("there is no /not/there"), "{missing}");
    assert_eq!(good(&["-v", "data:/x", "--volumes-from", "a,b:ro", "img"]).volumes_from.len(), 2);
    let missing = parse(&["--mount", "type=bind,src=./not/there,dst=/x", "img"]).unwrap_err();
    assert!(missing.contains("there is no ./not/there"), "{missing}");
}

#[test]
fn what_asks_for_no_more_than_there_is_is_no_refusal() {
    let plain = format!("{:?}", good(&["img"]));
    for flag in ["--volume-driver=local", "--sdnotify=ignore", "--pids-limit=-1", "-m0", "--systemd=false"] {
        assert_eq!(format!("{:?}", good(&[flag, "img"])), plain, "{flag}");
    }
    for (flag, said) in [
        ("--volume-driver=nfs", "not yet: --volume-driver nfs"),
        ("--systemd=always", "not yet: --systemd always"),
        ("--memory=1g", "not yet: --memory 1g"),
    ] {
        let error = parse(&[flag, "img"]).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
    let error = parse(&["--pids-limit=-1", "--pids-limit=5", "img"]).unwrap_err();
    assert!(error.contains("not yet: --pids-limit 5"), "{error}");
}

#[test]
fn a_refusal_is_unsupported() {
    let matches = command().try_get_matches_from(["run", "--pod", "x", "img"]).unwrap();
    let error = refused::check(&matches).unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (Kind::Unsupported, "not yet: --pod"));
}

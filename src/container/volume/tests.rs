//! The words of mounts.

use super::*;

fn volume(text: &str) -> Result<MountRequest> {
    text.parse::<VolumeWord>().map(|word| word.0)
}

fn mount(text: &str) -> Result<MountRequest> {
    text.parse::<MountWord>().map(|word| word.0)
}

#[test]
fn a_volume_is_a_bind_or_anonymous() {
    let bind = volume("/srv:/data//x/:ro,rslave,noexec").unwrap();
    assert_eq!(bind.destination, "/data/x");
    assert!(bind.read_only);
    assert_eq!(bind.options, ["noexec"]);
    let SourceRequest::Bind { path, recursive, propagation, create } = bind.source else { panic!() };
    assert_eq!((path, recursive, propagation.as_str(), create), ("/srv".into(), true, "rslave", true));
    let anonymous = volume("/data").unwrap().source;
    assert!(matches!(anonymous, SourceRequest::Volume { name: None, copy: true, .. }));
    let named = volume("data.1:/data:nocopy,U").unwrap();
    assert!(named.own);
    assert!(
        matches!(named.source, SourceRequest::Volume { name: Some(n), copy: false, .. } if n.as_str() == "data.1")
    );
    let over = volume("/srv:/data:O,upperdir=/u,workdir=/w").unwrap();
    assert_eq!(over.overlay, Some(Overlay { upper: Some("/u".into()), work: Some("/w".into()) }));
    assert!(volume("./here:/x:z").is_ok());
}

#[test]
fn what_is_wrong_with_a_volume_is_said() {
    for wrong in ["", ":", "/a:b", "/a:/", "/a:/b:rx", "/a:/b:ro:x", ":/b"] {
        assert!(volume(wrong).is_err(), "{wrong}");
    }
    for wrong in ["da/ta:/x", "-x:/x", "/a:/b:O,upperdir=/u", "/a:/b:upperdir=/u,workdir=/w", "/a:/b:O,ro"] {
        assert!(volume(wrong).is_err(), "{wrong}");
    }
    assert_eq!(
        volume("/a:/b:ro,rw").unwrap_err().to_string(),
        "invalid options \"ro, rw\", can only specify 1 'rw' or 'ro' option"
    );
    assert!(volume("/a:/b:idmap").unwrap_err().to_string().starts_with("idmap: "));
}

#[test]
fn a_mount_has_fields() {
    let bind = mount("type=bind,src=/a,dst=/b,ro,bind-propagation=rshared,bind-nonrecursive").unwrap();
    assert!(bind.read_only);
    assert!(matches!(bind.source, SourceRequest::Bind { recursive: false, create: false, .. }));
    let tmpfs = mount("type=tmpfs,destination=/t,tmpfs-size=1m,tmpfs-mode=0700").unwrap();
    assert_eq!(tmpfs.options, ["size=1048576", "mode=0700", "noexec", "nosuid", "nodev", "tmpcopyup"]);
    for text in ["type=volume,target=/v", "target=/v"] {
        assert!(matches!(mount(text).unwrap().source, SourceRequest::Volume { name: None, .. }));
    }
    let made = mount("src=data,dst=/v,volume-opt=type=tmpfs,volume-label=a=b,volume-subpath=/x/y").unwrap();
    assert_eq!(made.subpath.as_deref(), Some("x/y"));
    let SourceRequest::Volume { driver_options, labels, .. } = made.source else { panic!() };
    assert_eq!(driver_options, [("type".to_string(), "tmpfs".to_string())]);
    assert_eq!(labels, [("a".to_string(), "b".to_string())]);
    let image = mount("type=image,source=busybox,target=/i").unwrap();
    assert!(image.read_only);
    let image = mount("type=image,source=busybox,target=/i,rw=true").unwrap();
    assert_eq!(image.source, SourceRequest::Image { name: "busybox".into(), writable: true });
    assert!(!image.read_only);
    assert_eq!(mount("type=glob,source=/usr/lib/*").unwrap().destination, "");
    let comma = mount("type=bind,\"src=/a,b\",dst=/b,readonly=false").unwrap();
    assert!(matches!(comma.source, SourceRequest::Bind { path, .. } if path == std::path::Path::new("/a,b")));
    for wrong in [
        "type=bind,src=/a",
        "type=bind,,src=/a,dst=/b",
        "type=bind,src=/a,dst=/b,",
        "type=bind,dst=/a",
        "type=x,dst=/a",
        "type=tmpfs,src=/a,dst=/b",
        "nope",
        "src=x,dst=/x,subpath=../y",
    ] {
        assert!(mount(wrong).is_err(), "{wrong}");
    }
    assert_eq!(mount("type=x,dst=/a,frob").unwrap_err().kind(), Kind::Invalid);
}

#[test]
fn a_tmpfs_is_strict_unless_told() {
    let word = |text: &str| text.parse::<TmpfsWord>().map(|word| word.0);
    assert_eq!(word("/t").unwrap().options, ["noexec", "nosuid", "nodev", "tmpcopyup"]);
    assert_eq!(
        word("/t:rw,exec,size=64m,mode=1777").unwrap().options,
        ["size=67108864", "mode=1777", "nosuid", "nodev", "tmpcopyup"]
    );
    assert_eq!(word("/t:notmpcopyup").unwrap().options, ["noexec", "nosuid", "nodev"]);
    for wrong in ["t", "/t:size=x", "/t:mode=9", "/t:frob"] {
        assert!(word(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn volumes_from_takes_docker_s_and_podman_s_lists() {
    let parse = |text: &str| -> Vec<(String, Option<bool>)> {
        let parts = VolumesFrom::parse(text).unwrap();
        parts.into_iter().map(|part| (part.container, part.read_only)).collect()
    };
    assert_eq!(parse("a"), [("a".into(), None)]);
    assert_eq!(parse("777f,ba8c:ro"), [("777f".into(), None), ("ba8c".into(), Some(true))]);
    assert_eq!(parse("a:ro,z"), [("a".into(), Some(true))]);
    assert_eq!(parse("a:rw,b"), [("a".into(), Some(false)), ("b".into(), None)]);
    for wrong in ["", ":ro", "a:x"] {
        assert!(VolumesFrom::parse(wrong).is_err(), "{wrong}");
    }
}

//! What a store of containers promises, on a real directory.

use super::*;
use crate::container::config as c;
use crate::container::state::{Exited, ProcId, Started};
use crate::settings::Settings;
use jiff::Timestamp;

struct Place(Settings);

impl Place {
    fn new(word: &str) -> (Place, Store) {
        let dir = std::env::temp_dir().join(format!("box-containers-{word}-{}", std::process::id()));
        let settings = Settings {
            root: dir.join("root"),
            run: dir.join("run"),
            debug: false,
            storage: Default::default(),
        };
        let store = Store::open(&settings).unwrap();
        (Place(settings), store)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0.root.parent().unwrap());
    }
}

/// A container that runs nothing, with the id `digit` sixty-four times.
fn config(digit: char) -> c::ContainerConfig {
    c::ContainerConfig {
        storage: Default::default(),
        version: c::CONFIG_VERSION,
        id: digit.to_string().repeat(64).parse().unwrap(),
        created: Timestamp::UNIX_EPOCH,
        create_command: vec![],
        image: c::ImageOrigin::default(),
        rootfs: c::Rootfs::Layers(vec![]),
        process: c::Process {
            entrypoint: vec![],
            cmd: vec!["true".into()],
            env: vec![],
            workdir: "/".into(),
            user: String::new(),
            groups: vec![],
            tty: false,
            open_stdin: false,
            umask: 0o22,
            ulimits: vec![],
            oom_score_adj: None,
            init: false,
            no_passwd: false,
            passwd_entry: None,
            group_entry: None,
            host_users: vec![],
        },
        namespaces: c::Namespaces::default(),
        identity: c::Identity::default(),
        network: c::Network::default(),
        mounts: vec![],
        volumes_from: vec![],
        devices: vec![],
        security: c::Security {
            privileged: false,
            capabilities: vec![],
            no_new_privileges: false,
            seccomp: c::SeccompChoice::Default,
            masked_paths: vec![],
            readonly_paths: vec![],
            read_only_root: false,
            read_only_dev: false,
            sysctls: vec![],
            shm_size: 0,
            options: vec![],
            cap_add: vec![],
            cap_drop: vec![],
        },
        log: c::Log::default(),
        ending: c::Ending {
            remove: true,
            remove_image: false,
            stop_signal: 15,
            stop_timeout: 10,
            timeout: 0,
            pid_file: None,
            supervisor_pid_file: None,
            id_file: None,
        },
        labels: vec![],
        annotations: vec![],
        requires: vec![],
    }
}

fn name(text: &str) -> ContainerName {
    text.parse().unwrap()
}

fn started() -> State {
    let proc = ProcId { pid: 1, start_time: 1, boot_id: "b".into() };
    State::Started(Started {
        at: Timestamp::UNIX_EPOCH,
        init: proc.clone(),
        supervisor: proc,
        restarts: 0,
        last_end: None,
    })
}

#[test]
fn a_container_is_found_by_id_name_and_prefix() {
    let (_place, store) = Place::new("find");
    let (a, b) = (config('a'), config('b'));
    create(&store, &a, &name("one")).unwrap();
    create(&store, &b, &name("two")).unwrap();
    assert_eq!(find(&store, a.id.as_str()).unwrap(), a.id);
    assert_eq!(find(&store, "/one").unwrap(), a.id);
    assert_eq!(find(&store, "bbb").unwrap(), b.id);
    assert_eq!(find(&store, "three").unwrap_err().kind(), Kind::NotFound);
    assert_eq!(find(&store, "").unwrap_err().kind(), Kind::NotFound);
    let mut other = a.clone();
    other.id = format!("{}{}", "a".repeat(20), "c".repeat(44)).parse().unwrap();
    create(&store, &other, &name("three")).unwrap();
    assert_eq!(find(&store, "aa").unwrap_err().kind(), Kind::Conflict);
    assert_eq!(list(&store).unwrap().len(), 3);
    assert_eq!(get(&store, &b.id).unwrap().config, b);
}

#[test]
fn a_name_in_use_leaves_nothing_of_the_second_container() {
    let (_place, store) = Place::new("names");
    create(&store, &config('a'), &name("one")).unwrap();
    let refused = create(&store, &config('b'), &name("one")).unwrap_err();
    assert_eq!(refused.kind(), Kind::Conflict);
    assert!(refused.chain().contains("is already in use by \"aaaa"), "{}", refused.chain());
    assert!(refused.find_hint().unwrap().contains("box rm -f one"));
    assert_eq!(list(&store).unwrap(), [config('a').id]);
}

#[test]
fn a_name_that_leads_nowhere_is_free() {
    let (_place, store) = Place::new("dangling");
    make_link(&store, &name("one"), &config('f').id).unwrap();
    assert!(find(&store, "one").is_err());
    make_link(&store, &name("one"), &config('f').id).unwrap();
    create(&store, &config('a'), &name("one")).unwrap();
    assert_eq!(find(&store, "one").unwrap(), config('a').id);
}

#[test]
fn a_container_is_renamed_and_half_a_renaming_is_mended() {
    let (_place, store) = Place::new("rename");
    let a = config('a');
    create(&store, &a, &name("one")).unwrap();
    create(&store, &config('b'), &name("two")).unwrap();
    assert_eq!(rename(&store, &a.id, &name("two")).unwrap_err().kind(), Kind::Conflict);
    rename(&store, &a.id, &name("three")).unwrap();
    assert_eq!(find(&store, "three").unwrap(), a.id);
    assert!(find(&store, "one").is_err());
    // Killed after the second symlink: the old name stays the right one.
    make_link(&store, &name("four"), &a.id).unwrap();
    assert!(find(&store, "four").is_err());
    assert_eq!(find(&store, "three").unwrap(), a.id);
    assert_eq!(std::fs::read_dir(store.names()).unwrap().count(), 2);
}

#[test]
fn a_discarded_container_is_gone_and_waits_in_the_trash() {
    let (_place, store) = Place::new("discard");
    let a = config('a');
    create(&store, &a, &name("one")).unwrap();
    let lock = take_lock(&store, &a.id).unwrap().unwrap();
    assert!(take_lock(&store, &a.id).unwrap().is_none());
    discard(&store, &a.id).unwrap();
    drop(lock);
    assert!(look(&store, &a.id).unwrap().is_none());
    assert_eq!(discard(&store, &a.id).unwrap_err().kind(), Kind::NotFound);
    assert_eq!(take_lock(&store, &a.id).unwrap_err().kind(), Kind::NotFound);
    assert_eq!(trash(&store).unwrap().len(), 1);
    assert_eq!(std::fs::read_dir(store.names()).unwrap().count(), 0);
}

#[test]
fn the_lock_tells_a_running_container_from_a_crashed_one() {
    let (_place, store) = Place::new("lock");
    let a = config('a');
    create(&store, &a, &name("one")).unwrap();
    let lock = take_lock(&store, &a.id).unwrap();
    write_state(&store, &a.id, &started(), Durable::No).unwrap();
    let entry = get(&store, &a.id).unwrap();
    assert_eq!((entry.status(), entry.crashed()), (Status::Running, false));
    drop(lock);
    let entry = get(&store, &a.id).unwrap();
    assert_eq!((entry.status(), entry.crashed()), (Status::Exited, true));
    let exited = Exited {
        started_at: None,
        finished_at: Timestamp::UNIX_EPOCH,
        code: 3,
        signal: None,
        error: None,
        stopped_by_user: false,
        oom_killed: false,
        restarts: 0,
    };
    write_state(&store, &a.id, &State::Exited(exited), Durable::No).unwrap();
    assert!(!get(&store, &a.id).unwrap().crashed());
}

#[test]
fn what_a_crash_while_making_leaves_is_swept_away() {
    let (_place, store) = Place::new("half");
    let (a, b) = (config('a'), config('b'));
    for half in [&a, &b] {
        create(&store, half, &name(&half.id.as_str()[..1])).unwrap();
        std::fs::remove_file(store.container(&half.id).join("state.json")).unwrap();
    }
    let in_the_making = Lock::try_exclusive(&store.container(&b.id).join("lock"), false).unwrap();
    assert!(look(&store, &a.id).unwrap().is_none());
    sweep_half_made(&store).unwrap();
    assert_eq!(list(&store).unwrap(), std::slice::from_ref(&b.id));
    drop(in_the_making);
    sweep_half_made(&store).unwrap();
    assert!(list(&store).unwrap().is_empty());
    create(&store, &a, &name("a")).unwrap();
}

//! box inside box.

use crate::env::{Env, User};

#[test]
fn a_container_runs_containers() {
    let env = Env::with(User::Sub, &["debian"]);
    let store = env.directory("store");
    let binary = Env::binary();
    let script = "box import /busybox.tar b >/dev/null && box run --rm --network none b echo from the inside";
    let output = env.run([
        "run",
        "--rm",
        "--security-opt",
        "unmask=ALL",
        "--cap-add",
        "SYS_ADMIN",
        "--device",
        "/dev/net/tun",
        "-v",
        &format!("{store}:/var/lib/box"),
        "-v",
        &format!("{}:/usr/local/bin/box:ro", binary.display()),
        "-v",
        &format!("{}:/busybox.tar:ro", crate::env::fixture("busybox.tar")),
        "debian",
        "bash",
        "-c",
        script,
    ]);
    output.code(0).stdout("from the inside\n");
}

#[test]
fn box_runs_inside_box_unshare() {
    let env = Env::new();
    let binary = Env::binary();
    let output =
        env.run(["unshare", "sh", "-c", &format!("id -u; {} run --rm busybox echo x", binary.display())]);
    output.code(0).stdout("0\nx\n");
}

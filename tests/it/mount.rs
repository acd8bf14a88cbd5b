//! mount, unmount, image mount, image unmount: files as directories, inside `box unshare`.

use crate::env::{Env, User, registry};

#[test]
fn files_are_shown_as_directories_inside_unshare() {
    for user in [User::Sub, User::NoSub] {
        let env = Env::empty(user);
        let image = format!("{}/test/layers", registry());
        env.run(["pull", "-q", &image]).code(0);
        env.run(["pull", "-q", &format!("{}/library/busybox", registry())]).code(0);
        for command in
            [&["mount"][..], &["image", "mount", &image], &["unmount", "x"], &["image", "unmount", "x"]]
        {
            env.run(command).fails(125, "must execute `box unshare` first");
        }
        env.run(["create", "--name", "c", "--network", "none", &image, "cat", "/made"]).code(0);
        env.run([
            "run",
            "-d",
            "--name",
            "r",
            "--network",
            "none",
            "-v",
            "/vol",
            &image,
            "sh",
            "-c",
            "echo now >/now; echo v >/vol/v; echo ok; sleep 100",
        ])
        .code(0);
        env.until_logged("r", "ok");
        let script = r#"set -e
            at=$("$0" image mount "$1"); cat "$at/l/replaced"; ls "$at/l/opaque"; [ ! -e "$at/l/gone" ]
            [ "$at" = "$("$0" image mount "$1")" ]
            (echo x >"$at/x") 2>/dev/null && echo writable
            one=$("$0" image mount busybox); ls -d "$one/bin/sh" >/dev/null
            "$0" image mount | wc -l
            c=$("$0" mount c); echo made >"$c/made"; "$0" unmount c >/dev/null
            r=$("$0" mount r); cat "$r/now"; [ ! -e "$r/vol/v" ]
            "$0" mount | wc -l
            "$0" image unmount -a | wc -l; "$0" unmount --all | wc -l; "$0" image mount; "$0" mount
            "$0" unmount c 2>&1 | head -1"#;
        let binary = Env::binary();
        let binary = binary.to_str().unwrap();
        env.run(["unshare", "sh", "-c", script, binary, &image])
            .code(0)
            .stdout("a file now\nnew\n2\nnow\n1\n2\n1\nError: c is not mounted\n");
        env.run(["start", "-a", "c"]).code(0).stdout("made\n");
    }
}

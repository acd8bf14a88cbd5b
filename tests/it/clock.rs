//! A wall clock that is set: back, far ahead, to before 1970, while containers live and in between.

use crate::env::{Env, User, finish, registry};
use crate::seccomp::compiled;

/// What is done on both sides of each change; what fails, or takes too long, is named.
const SCRIPT: &str = r#"
    mkdir disk && mount -t tmpfs none disk && mkdir disk/upper disk/work
    mount -t overlay -o lowerdir=/etc,upperdir=disk/upper,workdir=disk/work none /etc
    at() { echo "$1" >/etc/new-offset; mv /etc/new-offset /etc/clock-offset; date -u +%Y; }
    at 0 >/dev/null; echo "$CLOCK" >/etc/ld.so.preload
    b() { timeout 60 $AS $BOX "$@" </dev/null || echo "failed with $?: $*"; }
    work='trap "exit 3" TERM; echo one; while :; do echo tick; sleep 0.1; done'
    for jump in 0:-34560000 -34560000:1893456000 1893456000:-1900000000 -1900000000:0; do
        at ${jump%:*}
        b network create n >/dev/null
        b run -d --name c --network n -p 127.0.0.1::80 busybox sh -c "$work" >/dev/null
        timeout 60 $AS $BOX logs -f c >followed </dev/null & follower=$!
        now=$(at ${jump#*:}); echo $now
        # Whoever notes times sees the same clock.
        echo $(b inspect -f '{{.Created}}' c | head -c 4)
        for i in $(seq 100); do noted=$(b logs -t --tail 1 c | head -c 4); [ $noted = $now ] && break; done; echo $noted
        b ps --format '{{.Names}} {{.State}}'
        b ps -a >/dev/null; b inspect c >/dev/null; b top c etime stime >/dev/null
        b logs c | head -n 1; b logs --since 1h c >/dev/null; b logs --until 1h c >/dev/null
        b exec c true
        b run --rm --network n busybox ping -q -c 1 c >/dev/null
        b cp c:/etc/passwd copied; b diff c >/dev/null
        b commit -q c made >/dev/null; b history made >/dev/null; b rmi made >/dev/null
        b stop -t 20 c; b wait c; b inspect -f '{{.State.ExitCode}}' c
        wait $follower || echo "the follower failed"
        b start c; b kill c; b wait c; b rm c
        b volume create v; b volume prune -f --filter until=1h >/dev/null; b volume prune -f -a >/dev/null
        b pull -q $REGISTRY/library/busybox:latest >/dev/null
        b images >/dev/null; b images --filter until=1h >/dev/null; b system df >/dev/null
        b rmi $REGISTRY/library/busybox:latest >/dev/null
        b system prune -f >/dev/null; b system check >/dev/null
        b images --format '{{.Repository}}'
    done"#;

#[test]
fn it_may_be_set_at_any_moment() {
    let offset = "-DOFFSET=\"/etc/clock-offset\"";
    let clock = compiled("clock", &["-shared", "-fPIC", "-nostdlib", "-ffreestanding", offset]);
    let env = Env::of(User::Sub);
    let mut command = env.prepared(SCRIPT);
    command.env("CLOCK", clock).env("REGISTRY", registry());
    let output = finish(command, b"");
    output.code(0).stderr("");
    let now: i64 = jiff::Zoned::now().year().into();
    // About the years that they are.
    let years = [(now, now - 1), (now - 1, now + 60), (now + 60, now - 60), (now - 60, now)];
    let shown = output.out();
    let shown: Vec<&str> = shown.lines().collect();
    let rounds: Vec<_> = shown.chunks(15).collect();
    assert_eq!(rounds.len(), years.len(), "{output}");
    for (round, (from, to)) in rounds.iter().zip(years) {
        let near = |text: &str, year: i64| text.parse::<i64>().is_ok_and(|it| (it - year).abs() <= 1);
        let seen = [(round[0], from), (round[1], to), (round[2], from), (round[3], to)];
        assert!(seen.iter().all(|(text, year)| near(text, *year)), "{round:?}");
        let rest = ["c running", "one", "c", "3", "3", "c", "c", "137", "c", "v", "localhost/busybox"];
        assert_eq!(round[4..], rest, "{output}");
    }
}

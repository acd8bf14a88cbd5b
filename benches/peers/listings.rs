//! How long lists take.

use crate::bench::{BUSYBOX, Bench};
use crate::row::{Report, Row, Unit, contender};

/// A hundred stopped containers; ten of podman's, which takes longer to make them.
pub(crate) fn ps(bench: &Bench, report: &mut Report) -> Result<(), String> {
    for _ in 0..100 {
        bench.output(bench.r#box(&["create", BUSYBOX, "true"]))?;
    }
    for _ in 0..10 {
        bench.output(bench.podman(&["create", "--network=none", BUSYBOX, "true"]))?;
    }
    report.row(Row {
        what: "`ps -a` with 100 containers (podman: 10)".to_string(),
        unit: Unit::Time,
        aim: "5 ms",
        rounds: 20,
        warm_up: 2,
        contenders: vec![
            contender("box ps", |_| bench.time(bench.r#box(&["ps", "-a"]))),
            contender("podman ps", |_| bench.time(bench.podman(&["ps", "-a"]))),
        ],
    });
    Ok(())
}

/// One image with a hundred names.
pub(crate) fn images(bench: &Bench, report: &mut Report) -> Result<(), String> {
    let names: Vec<_> = (0..99).map(|number| format!("localhost/busybox:t{number}")).collect();
    for name in &names {
        bench.output(bench.r#box(&["tag", BUSYBOX, name]))?;
        bench.output(bench.podman(&["tag", BUSYBOX, name]))?;
    }
    report.row(Row {
        what: "`images` with 100 names".to_string(),
        unit: Unit::Time,
        aim: "5 ms",
        rounds: 20,
        warm_up: 2,
        contenders: vec![
            contender("box images", |_| bench.time(bench.r#box(&["images"]))),
            contender("podman images", |_| bench.time(bench.podman(&["images"]))),
        ],
    });
    let untag = |first: &'static str| {
        let mut args = vec![first];
        args.extend(names.iter().map(String::as_str));
        args
    };
    bench.output(bench.r#box(&untag("rmi")))?;
    bench.output(bench.podman(&untag("rmi")))?;
    Ok(())
}

//! What people typed in the first years of containers, word by word, under the name they typed.

use crate::env::{Env, Output, User, finish, registry};
use std::os::unix::fs::symlink;

/// A shell in which `docker` is box and `ubuntu` an image, as in old instructions.
fn shell(env: &Env, script: &str) -> Output {
    let bin = env.tmp().join("bin");
    if !bin.exists() {
        env.directory("bin");
        symlink(Env::binary(), bin.join("docker")).expect("a link named docker");
        env.run(["tag", "busybox", "ubuntu"]).code(0);
    }
    let mut shell = env.program("sh");
    shell.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    shell.args(["-c", &format!("set -e\n{}", script.replace("REGISTRY", &registry()))]);
    finish(shell, b"")
}

#[test]
fn data_containers_are_used_as_they_always_were() {
    let env = Env::new();
    let logs = env.directory("logs");
    let script = format!(
        r#"
        docker run -v /var/volume1 -v /var/volume2 --name DATA busybox true
        docker run -i --rm --volumes-from DATA --name client1 ubuntu sh -c 'echo kept >/var/volume1/f'
        docker run -i -t=false --rm --volumes-from DATA ubuntu cat /var/volume1/f
        docker run --name client2 --volumes-from DATA busybox true
        docker run --rm --volumes-from client2 busybox cat /var/volume1/f
        docker rm DATA >/dev/null
        docker run --rm --volumes-from client2:ro busybox sh -c 'cat /var/volume1/f; touch /var/volume1/g || echo ro'
        ID=$(docker run -d -v /other busybox true)
        docker wait $ID >/dev/null
        SHORT=$(echo $ID | cut -c1-12)
        docker run --rm --volumes-from client2,$SHORT:ro busybox sh -c 'touch /var/volume1/g; touch /other/g || echo ro'
        docker run --rm -v {logs}:/var/host_logs:ro busybox sh -c 'touch /var/host_logs/x || echo ro'
        docker run --rm --volumes-from client2 -v $(pwd):/backup busybox tar cf /backup/backup.tar /var/volume1
        tar tf backup.tar | sort | head -n 2
        docker commit client2 made >/dev/null
        docker run --rm made sh -c 'test -e /var/volume1/f || echo no part of it'
        COUCH1=$(docker run -d -P --expose 5984 -v /var/lib/couchdb busybox sh -c 'echo data >/var/lib/couchdb/db; exec sleep 1000')
        COUCH2=$(docker run -d -P --expose 5984 --volumes-from $COUCH1 busybox sleep 1000)
        docker exec $COUCH2 sh -c 'until test -s /var/lib/couchdb/db; do sleep 0.02; done; cat /var/lib/couchdb/db'
        docker port $COUCH2 5984 | grep -c :
        docker rm -f -v $COUCH1 $COUCH2 client2 $ID >/dev/null
        docker volume ls -q | wc -l"#
    );
    // DATA was removed without -v, and client2 still had its volumes then.
    shell(&env, &script)
        .code(0)
        .stdout("kept\nkept\nkept\nro\nro\nro\nvar/volume1/\nvar/volume1/f\nno part of it\ndata\n1\n0\n");
}

#[test]
fn images_are_made_named_and_moved_as_they_always_were() {
    let env = Env::new();
    let script = r#"
        ID=$(docker run -d ubuntu sh -c 'echo new >/new; rm /etc/notes'); docker wait $ID
        docker diff $ID
        docker commit -m "a note" -a "somebody" -run='{"Cmd":["cat","/new"],"PortSpecs":["22"]}' $ID some/image >/dev/null
        docker run --rm some/image
        docker inspect -f '{{json .Config.ExposedPorts}} {{.Author}} {{.Comment}}' some/image
        docker commit $ID _/builds/github.com/shykes/helloflask/master 2>/dev/null >/dev/null
        docker images -q builds/github.com/shykes/helloflask/master | wc -l
        docker tag -f some/image REGISTRY/replay/image && docker tag some/image REGISTRY/replay/image
        docker push REGISTRY/replay/image >/dev/null 2>&1 && docker rmi REGISTRY/replay/image | head -n 1 | sed s/$(echo REGISTRY)//
        docker pull REGISTRY/replay/image >/dev/null 2>&1 && docker run --rm REGISTRY/replay/image
        docker images --tree | grep -c some/image
        docker images --viz | head -n 1
        docker history -q some/image | wc -l
        IMAGE=$(docker images -q --no-trunc some/image)
        docker rmi $IMAGE 2>/dev/null || echo conflict
        docker save some/image > f.tar && docker rmi -f $IMAGE >/dev/null && docker load < f.tar
        docker export $ID > x.tar && gzip x.tar && cat x.tar.gz | docker import - exampleimagelocal:new >/dev/null
        docker run --rm exampleimagelocal:new cat /new
        docker cp $ID:/new . && cat new && docker cp $ID:/etc/passwd - | tar t
        mkdir raring raring/etc raring/bin && cp /bin/busybox raring/bin/cat && echo 13.04 >raring/etc/lsb-release
        tar -C raring -c . | docker import - raring >/dev/null
        docker run raring cat /etc/lsb-release"#;
    let output = shell(&env, script);
    let loaded = "Loaded image: localhost/some/image:latest\n";
    let wanted = format!(
        "0\nC /etc\nD /etc/notes\nA /new\nnew\n{{\"22/tcp\":{{}}}} somebody a note\n1\n\
         Untagged: /replay/image:latest\nnew\n1\ndigraph docker {{\n2\nconflict\n{loaded}new\nnew\npasswd\n13.04\n"
    );
    output.code(0).stdout(&wanted);
}

/// Lists every file of an image with its content, from within, but those that engines put there.
const LISTING: &str = "find / -xdev | grep -vE '^/(dev|proc|sys|run|etc/(hosts|hostname|resolv.conf|mtab))(/|$)' \
    | sort | while read -r file; do stat -c '%n %f %u %g %t:%T' \"$file\"; \
    [ -d \"$file\" ] || stat -c %h \"$file\"; if [ -h \"$file\" ]; then readlink \"$file\"; elif [ -f \"$file\" ]; then stat -c '%s %Y' \"$file\"; md5sum <\"$file\"; fi; done";

#[test]
fn a_committed_image_is_the_same_everywhere() {
    let env = Env::new();
    let name = format!("{}/replay/everywhere:latest", registry());
    let script = "echo it >/it; chown 1000:1000 /it; chmod 4711 /it; ln /it /again; mkfifo /fifo; ln -s /it /link; \
        mkdir -m 1777 /dir; echo x >/dir/x; truncate -s 3M /hole; rm /etc/notes; touch -d @1 /it";
    env.run(["run", "--name", "c", "--network", "none", "busybox", "sh", "-c", script]).code(0);
    let cmd = format!("CMD {}", serde_json::to_string(&["sh", "-c", LISTING]).expect("a list of words"));
    env.run(["commit", "-q", "--change", &cmd, "--change", "ENV A=b", "c", &name]).code(0);
    env.run(["push", "-q", "--digestfile", "pushed", &name]).code(0);
    let pushed = std::fs::read_to_string(env.tmp().join("pushed")).expect("a digest");
    let here = env.run(["run", "--rm", "--network", "none", &name]).code(0).out();
    for line in
        ["/it 89c9 1000 1000 0:0\n2\n3 1\n", "/hole 81a4 0 0 0:0\n1\n3145728 ", "/fifo 11a4 0 0 0:0\n1\n"]
    {
        assert!(here.contains(line), "{line} in {here}");
    }
    assert!(!here.contains("/etc/notes"), "{here}");
    for user in [User::Sub, User::Root] {
        let other = Env::empty(user);
        other.run(["run", "--rm", "--network", "none", &name]).code(0).stdout(&here);
        assert_eq!(other.ok(["image", "inspect", "-f", "{{.Digest}}", &name]), pushed.trim());
    }
    // A user with one id runs it too: the owners are kept beside the files.
    let other = Env::empty(User::NoSub);
    other.run(["run", "--rm", "--network", "none", &name, "cat", "/it"]).code(0).stdout("it\n");
    assert_eq!(other.ok(["image", "inspect", "-f", "{{.Digest}}", &name]), pushed.trim());
    // podman, in a store of its own. Debian's crun wants a host whose cgroups are all of version 2.
    let other = Env::empty(User::Sub);
    let podman = |words: &str| {
        let mut command = other.prepared(&format!(
            "mount -t cgroup2 none /sys/fs/cgroup && \
            exec $AS podman --root \"$STORE\" --runroot \"$RUN\" --storage-driver vfs {words}"
        ));
        command.env("IMAGE", &name).env("STORE", other.tmp().join("podman"));
        command.env("RUN", other.runroot().with_file_name("p"));
        finish(command, b"")
    };
    podman("pull -q --tls-verify=false $IMAGE").code(0);
    podman("image inspect -f {{.Digest}} $IMAGE").code(0).stdout(&format!("{}\n", pushed.trim()));
    podman("run --rm --network none $IMAGE").code(0).stdout(&here);
    podman("run --rm --network none $IMAGE sh -c 'echo $A'").code(0).stdout("b\n");
    podman("system migrate").code(0);
}

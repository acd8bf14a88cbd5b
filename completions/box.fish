# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_box_global_optspecs
    string join \n v/version root= runroot= log-level= D/debug storage-driver= h/help
end

function __fish_box_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_box_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_box_using_subcommand
    set -l cmd (__fish_box_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c box -n "__fish_box_needs_command" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_needs_command" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_needs_command" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_needs_command" -l storage-driver -d 'How new containers get their root file system: overlay, fuse-overlayfs or vfs (a copy); the best that works unless given' -r
complete -c box -n "__fish_box_needs_command" -s v -l version -d 'Print the version'
complete -c box -n "__fish_box_needs_command" -s D -l debug -d 'Same as --log-level debug'
complete -c box -n "__fish_box_needs_command" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_needs_command" -f -a "attach" -d 'Attach to a running container'
complete -c box -n "__fish_box_needs_command" -f -a "commit" -d 'Make an image of a container\'s files'
complete -c box -n "__fish_box_needs_command" -f -a "create" -d 'Make a container without starting it'
complete -c box -n "__fish_box_needs_command" -f -a "diff" -d 'Show which files a container or an image\'s last layer changed'
complete -c box -n "__fish_box_needs_command" -f -a "cp" -d 'Copy files between containers and the host'
complete -c box -n "__fish_box_needs_command" -f -a "exec" -d 'Run a command in a running container'
complete -c box -n "__fish_box_needs_command" -f -a "export" -d 'Write a container\'s files as a tar archive'
complete -c box -n "__fish_box_needs_command" -f -a "kill" -d 'Send a signal to one or more running containers'
complete -c box -n "__fish_box_needs_command" -f -a "logs" -d 'Show what containers have written'
complete -c box -n "__fish_box_needs_command" -f -a "port" -d 'Show which ports of the host lead to a container, or change them'
complete -c box -n "__fish_box_needs_command" -f -a "mount" -d 'Show containers\' files as directories, inside `box unshare`'
complete -c box -n "__fish_box_needs_command" -f -a "unmount" -d 'Take containers\' files away from where `mount` put them'
complete -c box -n "__fish_box_needs_command" -f -a "ps" -d 'List containers'
complete -c box -n "__fish_box_needs_command" -f -a "rename" -d 'Give a container another name'
complete -c box -n "__fish_box_needs_command" -f -a "restart" -d 'Stop one or more containers and start them again'
complete -c box -n "__fish_box_needs_command" -f -a "rm" -d 'Remove one or more containers'
complete -c box -n "__fish_box_needs_command" -f -a "run" -d 'Run a command in a new container'
complete -c box -n "__fish_box_needs_command" -f -a "start" -d 'Start one or more containers that do not run'
complete -c box -n "__fish_box_needs_command" -f -a "stop" -d 'Stop one or more running containers'
complete -c box -n "__fish_box_needs_command" -f -a "top" -d 'Show the processes of a container'
complete -c box -n "__fish_box_needs_command" -f -a "wait" -d 'Wait until containers have ended, and print their exit codes'
complete -c box -n "__fish_box_needs_command" -f -a "history" -d 'Show how an image came about'
complete -c box -n "__fish_box_needs_command" -f -a "insert" -d 'Make an image of another one and a file from the web'
complete -c box -n "__fish_box_needs_command" -f -a "images" -d 'List images'
complete -c box -n "__fish_box_needs_command" -f -a "import" -d 'Make an image of one layer from a tarball of a root file system'
complete -c box -n "__fish_box_needs_command" -f -a "load" -d 'Load images from an archive'
complete -c box -n "__fish_box_needs_command" -f -a "pull" -d 'Pull images from a registry'
complete -c box -n "__fish_box_needs_command" -f -a "push" -d 'Push an image to a registry, or to another place'
complete -c box -n "__fish_box_needs_command" -f -a "rmi" -d 'Remove one or more images'
complete -c box -n "__fish_box_needs_command" -f -a "save" -d 'Save images to an archive'
complete -c box -n "__fish_box_needs_command" -f -a "search" -d 'Search a registry for images'
complete -c box -n "__fish_box_needs_command" -f -a "tag" -d 'Give an image another name'
complete -c box -n "__fish_box_needs_command" -f -a "untag" -d 'Take names away from an image'
complete -c box -n "__fish_box_needs_command" -f -a "login" -d 'Log in to a registry'
complete -c box -n "__fish_box_needs_command" -f -a "logout" -d 'Log out of a registry'
complete -c box -n "__fish_box_needs_command" -f -a "doctor" -d 'Say what this host has and lacks for containers, and what mends it'
complete -c box -n "__fish_box_needs_command" -f -a "info" -d 'Show this host, the store and the version'
complete -c box -n "__fish_box_needs_command" -f -a "inspect" -d 'Show everything about containers, images, volumes and networks'
complete -c box -n "__fish_box_needs_command" -f -a "unshare" -d 'Run a command inside the user namespace, as root of the ids that are yours'
complete -c box -n "__fish_box_needs_command" -f -a "completion" -d 'Print a shell\'s completion script'
complete -c box -n "__fish_box_needs_command" -f -a "help" -d 'Show the commands, or one command\'s flags and examples'
complete -c box -n "__fish_box_needs_command" -f -a "version" -d 'Show the version'
complete -c box -n "__fish_box_needs_command" -f -a "container" -d 'Work with containers'
complete -c box -n "__fish_box_needs_command" -f -a "image" -d 'Work with images'
complete -c box -n "__fish_box_needs_command" -f -a "network" -d 'Work with networks'
complete -c box -n "__fish_box_needs_command" -f -a "system" -d 'Work with box as a whole'
complete -c box -n "__fish_box_needs_command" -f -a "volume" -d 'Work with volumes'
complete -c box -n "__fish_box_using_subcommand attach" -l detach-keys -d 'Keys that detach from the terminal (default: ctrl-p,ctrl-q); "" is none' -r
complete -c box -n "__fish_box_using_subcommand attach" -l sig-proxy -d 'Pass signals on to the container' -r
complete -c box -n "__fish_box_using_subcommand attach" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand attach" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand attach" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand attach" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand attach" -l no-stdin -d 'Do not pass on standard input'
complete -c box -n "__fish_box_using_subcommand attach" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand commit" -s a -l author -d 'Who made it' -r
complete -c box -n "__fish_box_using_subcommand commit" -s c -l change -d 'A Dockerfile instruction for the new image: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, SHELL, STOPSIGNAL, USER, VOLUME, WORKDIR' -r
complete -c box -n "__fish_box_using_subcommand commit" -l config -d 'A file with a container\'s configuration in Docker\'s JSON, merged into the image\'s' -r -F
complete -c box -n "__fish_box_using_subcommand commit" -s f -l format -d 'The manifest\'s format: oci or docker' -r -f -a "oci\t''
docker\t''"
complete -c box -n "__fish_box_using_subcommand commit" -l iidfile -d 'Write the image\'s id to this file' -r -F
complete -c box -n "__fish_box_using_subcommand commit" -s m -l message -d 'A remark for the history' -r
complete -c box -n "__fish_box_using_subcommand commit" -s p -l pause -d 'Stop the container\'s processes (SIGSTOP) while its files are read; they go on when that is done, or when this command is killed' -r -f -a "true\t''
false\t''"
complete -c box -n "__fish_box_using_subcommand commit" -l run -d 'A configuration in JSON, as the first docker took it: {"Cmd": ["cat", "/x"], "PortSpecs": ["22"]}' -r
complete -c box -n "__fish_box_using_subcommand commit" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand commit" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand commit" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand commit" -l include-volumes -d 'The container\'s volumes become volumes of the image (their places, not their content)'
complete -c box -n "__fish_box_using_subcommand commit" -s q -l quiet -d 'Nothing but the id (it is all that is printed)'
complete -c box -n "__fish_box_using_subcommand commit" -s s -l squash -d 'One layer with everything, in place of the image\'s layers and one more'
complete -c box -n "__fish_box_using_subcommand commit" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand create" -l name -d 'Name of the container; made up when not given' -r
complete -c box -n "__fish_box_using_subcommand create" -l cidfile -d 'Write the container\'s id to a file, which must not exist yet' -r -F
complete -c box -n "__fish_box_using_subcommand create" -s l -l label -d 'Set a label: KEY=VALUE' -r
complete -c box -n "__fish_box_using_subcommand create" -l label-file -d 'Read labels from a file, one KEY=VALUE a line' -r -F
complete -c box -n "__fish_box_using_subcommand create" -l annotation -d 'Set an annotation: KEY=VALUE' -r
complete -c box -n "__fish_box_using_subcommand create" -l stop-signal -d 'What is sent to stop it: a signal\'s name or number (default: the image\'s, or SIGTERM)' -r
complete -c box -n "__fish_box_using_subcommand create" -l stop-timeout -d 'Seconds between the stop signal and SIGKILL (default: 10)' -r
complete -c box -n "__fish_box_using_subcommand create" -l timeout -d 'Seconds until it is killed whatever it does; 0 is never' -r
complete -c box -n "__fish_box_using_subcommand create" -l pidfile -d 'Write the pid of the container\'s first process to a file' -r -F
complete -c box -n "__fish_box_using_subcommand create" -l conmon-pidfile -d 'Write the pid of the container\'s supervisor to a file' -r -F
complete -c box -n "__fish_box_using_subcommand create" -l pull -d 'When to pull the image: always, missing, never, newer (default: missing)' -r
complete -c box -n "__fish_box_using_subcommand create" -l platform -d 'Platform of the image: OS/ARCH[/VARIANT]' -r
complete -c box -n "__fish_box_using_subcommand create" -l arch -d 'Architecture of the image' -r
complete -c box -n "__fish_box_using_subcommand create" -l os -d 'Operating system of the image' -r
complete -c box -n "__fish_box_using_subcommand create" -l variant -d 'Variant of the image\'s architecture' -r
complete -c box -n "__fish_box_using_subcommand create" -l authfile -d 'The file with user names and passwords (default: $REGISTRY_AUTH_FILE, else the usual places)' -r -F
complete -c box -n "__fish_box_using_subcommand create" -l creds -d 'User name and password for the registry' -r
complete -c box -n "__fish_box_using_subcommand create" -l cert-dir -d 'A directory with the registry\'s certificates (default: certs.d/REGISTRY)' -r -F
complete -c box -n "__fish_box_using_subcommand create" -l tls-verify -d 'Insist on HTTPS and known certificates (true), or on neither (false)' -r
complete -c box -n "__fish_box_using_subcommand create" -l retry -d 'How often a failed request is tried again (default: 3)' -r
complete -c box -n "__fish_box_using_subcommand create" -l retry-delay -d 'How long to wait in between, as in 5s (default: 2s, doubling each time)' -r
complete -c box -n "__fish_box_using_subcommand create" -l image-volume -d 'What becomes of the image\'s volumes: anonymous, tmpfs, ignore' -r
complete -c box -n "__fish_box_using_subcommand create" -s a -l attach -d 'Attach only these streams: stdin, stdout, stderr' -r
complete -c box -n "__fish_box_using_subcommand create" -l entrypoint -d 'Command that replaces the image\'s entrypoint: a word or a JSON list; "" clears it' -r
complete -c box -n "__fish_box_using_subcommand create" -s e -l env -d 'Set a variable: KEY=VALUE, KEY for the host\'s value, PRE* for all of the host\'s beginning so' -r
complete -c box -n "__fish_box_using_subcommand create" -l env-file -d 'Read variables from a file, one KEY=VALUE a line' -r -F
complete -c box -n "__fish_box_using_subcommand create" -l env-merge -d 'Change a variable of the image: PATH=/opt/bin:${PATH}' -r
complete -c box -n "__fish_box_using_subcommand create" -l unsetenv -d 'Unset a variable of the image' -r
complete -c box -n "__fish_box_using_subcommand create" -l http-proxy -d 'Pass on the host\'s proxy variables' -r
complete -c box -n "__fish_box_using_subcommand create" -s u -l user -d 'Run as this user: NAME|UID[:GROUP|GID]' -r
complete -c box -n "__fish_box_using_subcommand create" -l group-add -d 'Add a supplementary group, or keep-groups for those of the caller, unseen' -r
complete -c box -n "__fish_box_using_subcommand create" -s w -l workdir -d 'Directory to start in; made when it is missing' -r
complete -c box -n "__fish_box_using_subcommand create" -l umask -d 'File mode creation mask, octal' -r
complete -c box -n "__fish_box_using_subcommand create" -l ulimit -d 'Set a resource limit: nofile=1024:2048, or host for the caller\'s own limits' -r
complete -c box -n "__fish_box_using_subcommand create" -l oom-score-adj -d 'How readily the kernel kills it when memory runs out: -1000 to 1000' -r
complete -c box -n "__fish_box_using_subcommand create" -s h -l hostname -d 'Name of the host inside the container' -r
complete -c box -n "__fish_box_using_subcommand create" -l domainname -d 'Domain of that name: in /etc/hosts, and for NIS' -r
complete -c box -n "__fish_box_using_subcommand create" -l network -l net -d 'Network: NAME[:ip=ADDRESS,ip6=ADDRESS,mac=ADDRESS,alias=NAME,interface_name=NAME] (may be repeated), none, host, container:NAME, ns:PATH, pasta or slirp4netns[:OPTION=VALUE,...] (default: box)' -r
complete -c box -n "__fish_box_using_subcommand create" -l network-alias -l net-alias -d 'Another name under which the container\'s neighbours find it' -r
complete -c box -n "__fish_box_using_subcommand create" -l ip -d 'Fixed IPv4 address in its network' -r
complete -c box -n "__fish_box_using_subcommand create" -l ip6 -d 'Fixed IPv6 address in its network' -r
complete -c box -n "__fish_box_using_subcommand create" -l mac-address -d 'Fixed MAC address in its network' -r
complete -c box -n "__fish_box_using_subcommand create" -l add-host -d 'Add a line to /etc/hosts: NAME:ADDRESS' -r
complete -c box -n "__fish_box_using_subcommand create" -l dns -d 'Use this name server; none keeps the image\'s resolv.conf' -r
complete -c box -n "__fish_box_using_subcommand create" -l dns-option -l dns-opt -d 'Add an option to resolv.conf' -r
complete -c box -n "__fish_box_using_subcommand create" -l dns-search -d 'Search this domain' -r
complete -c box -n "__fish_box_using_subcommand create" -l hosts-file -d 'What /etc/hosts begins with in place of the host\'s own: a file, image (its own one) or none' -r
complete -c box -n "__fish_box_using_subcommand create" -l requires -d 'Start these containers before it' -r
complete -c box -n "__fish_box_using_subcommand create" -l passwd-entry -d 'Line for /etc/passwd if it does not know --user\'s number; $USERNAME, $UID, $GID, $NAME and $HOME are filled in' -r
complete -c box -n "__fish_box_using_subcommand create" -l group-entry -d 'Line for /etc/group if it does not know the group\'s number; $GROUPNAME, $GID and $USERLIST are filled in' -r
complete -c box -n "__fish_box_using_subcommand create" -l hostuser -d 'Add a user of the host to the container\'s /etc/passwd' -r
complete -c box -n "__fish_box_using_subcommand create" -l tz -d 'Time zone: AREA/CITY as in /usr/share/zoneinfo, or local for the host\'s own' -r
complete -c box -n "__fish_box_using_subcommand create" -l expose -d 'Note that the container offers a port: PORT[-PORT][/PROTOCOL]' -r
complete -c box -n "__fish_box_using_subcommand create" -l link -d 'Find another container under a name, with its ports in variables: CONTAINER[:ALIAS]' -r
complete -c box -n "__fish_box_using_subcommand create" -s p -l publish -d 'Pass a port of the host on to the container: [[IP:][HOST-PORT]:]PORT[/PROTOCOL], or ranges' -r
complete -c box -n "__fish_box_using_subcommand create" -s v -l volume -d 'Mount a directory of the host or a volume: [HOST-PATH:|VOLUME:]PATH[:OPTIONS]' -r
complete -c box -n "__fish_box_using_subcommand create" -l volumes-from -d 'Mount the volumes of another container, running or not: NAME[:ro],...' -r
complete -c box -n "__fish_box_using_subcommand create" -l mount -d 'Mount something: type=bind|volume|tmpfs|image|glob|devpts,source=PATH,target=PATH[,OPTION...]' -r
complete -c box -n "__fish_box_using_subcommand create" -l tmpfs -d 'Mount a fresh tmpfs: PATH[:OPTIONS]' -r
complete -c box -n "__fish_box_using_subcommand create" -l device -d 'Give it a device of the host: HOST-PATH[:PATH][:rwm]' -r
complete -c box -n "__fish_box_using_subcommand create" -l read-only-tmpfs -d 'With --read-only: /run, /tmp and /var/tmp are writable' -r
complete -c box -n "__fish_box_using_subcommand create" -l shm-size -d 'Size of /dev/shm (default: 64m)' -r
complete -c box -n "__fish_box_using_subcommand create" -l log-driver -d 'Driver of the log: k8s-file or none (default: k8s-file)' -r
complete -c box -n "__fish_box_using_subcommand create" -l log-opt -d 'Option of the log\'s driver: max-size=SIZE, max-file=NUMBER, path=FILE, and for `logs --details` env=NAMES, labels=NAMES, tag=TEXT' -r
complete -c box -n "__fish_box_using_subcommand create" -l cap-add -d 'Add a capability, or ALL' -r
complete -c box -n "__fish_box_using_subcommand create" -l cap-drop -d 'Drop a capability, or ALL' -r
complete -c box -n "__fish_box_using_subcommand create" -l security-opt -d 'seccomp=FILE|unconfined, no-new-privileges, mask=PATH[:PATH], unmask=PATH[:PATH]|ALL' -r
complete -c box -n "__fish_box_using_subcommand create" -l sysctl -d 'Set a kernel parameter of the container\'s own namespaces: KEY=VALUE' -r
complete -c box -n "__fish_box_using_subcommand create" -l pid -d 'PID namespace: private, host, container:NAME' -r
complete -c box -n "__fish_box_using_subcommand create" -l ipc -d 'IPC namespace: private, host, container:NAME' -r
complete -c box -n "__fish_box_using_subcommand create" -l uts -d 'UTS namespace: private, host, container:NAME' -r
complete -c box -n "__fish_box_using_subcommand create" -l cgroupns -d 'Cgroup namespace: private, host, container:NAME' -r
complete -c box -n "__fish_box_using_subcommand create" -l userns -d 'User namespace: host (the caller is root inside), keep-id (the caller has its own ids inside, or those of keep-id:uid=UID,gid=GID), nomap (the caller is nobody inside), auto (ids that no other container with auto has, N of them with auto:size=N), private (the same ids in a namespace of its own), container:NAME, ns:PATH' -r
complete -c box -n "__fish_box_using_subcommand create" -l uidmap -d 'Users in a namespace of its own: the first one inside, the first one outside (0 is the caller, its subordinate ids follow from 1 on; @UID is one of the host), how many; as in --uidmap 0:1:1000 --uidmap 1000:0:1. Letters before a row: + keeps all other ids as they are, u is for users alone, g for groups' -r
complete -c box -n "__fish_box_using_subcommand create" -l gidmap -d 'Groups, in the same way; as the users if it is not given' -r
complete -c box -n "__fish_box_using_subcommand create" -l subuidname -d 'The users that /etc/subuid gives to NAME, in a namespace of its own' -r
complete -c box -n "__fish_box_using_subcommand create" -l subgidname -d 'The groups that /etc/subgid gives to NAME' -r
complete -c box -n "__fish_box_using_subcommand create" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand create" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand create" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand create" -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand create" -l replace -d 'Remove a container that has the name first'
complete -c box -n "__fish_box_using_subcommand create" -l rm -d 'Remove the container when it has ended'
complete -c box -n "__fish_box_using_subcommand create" -s q -l quiet -d 'Show no progress of a pull'
complete -c box -n "__fish_box_using_subcommand create" -l rootfs -d 'Run a directory of the host: it stands in the image\'s place'
complete -c box -n "__fish_box_using_subcommand create" -s t -l tty -d 'Connect a terminal'
complete -c box -n "__fish_box_using_subcommand create" -s i -l interactive -d 'Keep standard input open'
complete -c box -n "__fish_box_using_subcommand create" -l env-host -d 'Take over all of the host\'s variables'
complete -c box -n "__fish_box_using_subcommand create" -l unsetenv-all -d 'Unset all variables of the image and of box'
complete -c box -n "__fish_box_using_subcommand create" -l init -d 'Run box itself as PID 1: it reaps orphans and passes signals on'
complete -c box -n "__fish_box_using_subcommand create" -l no-hosts -d 'Keep the image\'s /etc/hosts'
complete -c box -n "__fish_box_using_subcommand create" -l no-hostname -d 'Keep the image\'s /etc/hostname'
complete -c box -n "__fish_box_using_subcommand create" -s P -l publish-all -d 'Publish every exposed port at a free port of the host'
complete -c box -n "__fish_box_using_subcommand create" -l read-only -d 'The container\'s root is not writable'
complete -c box -n "__fish_box_using_subcommand create" -l privileged -d 'All capabilities, no seccomp, no hidden paths, all devices that the caller may open'
complete -c box -n "__fish_box_using_subcommand diff" -l format -d 'json' -r
complete -c box -n "__fish_box_using_subcommand diff" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand diff" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand diff" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand diff" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand diff" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand cp" -s a -l archive -d 'Keep the owners\' numbers; also --archive=false, which means that in podman' -r
complete -c box -n "__fish_box_using_subcommand cp" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand cp" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand cp" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand cp" -l overwrite -d 'Let a directory take the place of a file, and the other way round'
complete -c box -n "__fish_box_using_subcommand cp" -s q -l quiet -d 'Show no progress'
complete -c box -n "__fish_box_using_subcommand cp" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand exec" -l cidfile -d 'A file that holds the container\'s id; no container is named then' -r -F
complete -c box -n "__fish_box_using_subcommand exec" -l detach-keys -d 'Keys that leave the process running (default: ctrl-p,ctrl-q): letters, or ctrl- and one of a-z @ [ \\ ] ^ _' -r
complete -c box -n "__fish_box_using_subcommand exec" -s e -l env -d 'Set an environment variable; without a value it is taken from here, and PRE* takes all that begin so' -r
complete -c box -n "__fish_box_using_subcommand exec" -l env-file -d 'Read environment variables from a file of NAME=VALUE lines' -r -F
complete -c box -n "__fish_box_using_subcommand exec" -l preserve-fds -d 'Pass on so many descriptors of the caller, from 3 on' -r
complete -c box -n "__fish_box_using_subcommand exec" -l preserve-fd -d 'Pass on these descriptors of the caller: 4,7' -r
complete -c box -n "__fish_box_using_subcommand exec" -s u -l user -d 'Run as USER[:GROUP], names or numbers of the container' -r
complete -c box -n "__fish_box_using_subcommand exec" -s w -l workdir -d 'The working directory in the container' -r
complete -c box -n "__fish_box_using_subcommand exec" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand exec" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand exec" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand exec" -s d -l detach -d 'Start it and return'
complete -c box -n "__fish_box_using_subcommand exec" -s i -l interactive -d 'Pass our standard input on'
complete -c box -n "__fish_box_using_subcommand exec" -s l -l latest -d 'Use the container that was made last'
complete -c box -n "__fish_box_using_subcommand exec" -l privileged -d 'All capabilities and no seccomp filter'
complete -c box -n "__fish_box_using_subcommand exec" -s t -l tty -d 'Give the command a terminal'
complete -c box -n "__fish_box_using_subcommand exec" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand export" -s o -l output -d 'The file to write to' -r -F
complete -c box -n "__fish_box_using_subcommand export" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand export" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand export" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand export" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand kill" -l cidfile -d 'A file that holds the container\'s id (may be repeated)' -r -F
complete -c box -n "__fish_box_using_subcommand kill" -s s -l signal -d 'The signal' -r
complete -c box -n "__fish_box_using_subcommand kill" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand kill" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand kill" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand kill" -s a -l all -d 'All running containers'
complete -c box -n "__fish_box_using_subcommand kill" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand kill" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand logs" -l since -d 'Only from this time on: RFC 3339, seconds since 1970, or how long ago (10m)' -r
complete -c box -n "__fish_box_using_subcommand logs" -l until -d 'Only up to this time: RFC 3339, seconds since 1970, or how long ago (10m)' -r
complete -c box -n "__fish_box_using_subcommand logs" -l tail -d 'At most so many lines, the last ones; -1 or all: every line' -r
complete -c box -n "__fish_box_using_subcommand logs" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand logs" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand logs" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand logs" -s f -l follow -d 'Go on until the container ends'
complete -c box -n "__fish_box_using_subcommand logs" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand logs" -s n -l names -d 'Of several containers the name before each line, not the id'
complete -c box -n "__fish_box_using_subcommand logs" -l color -d 'Each container in a colour of its own'
complete -c box -n "__fish_box_using_subcommand logs" -l details -d 'Before each line the labels and variables that --log-opt labels=, env= and tag= name'
complete -c box -n "__fish_box_using_subcommand logs" -s t -l timestamps -d 'The time before each line'
complete -c box -n "__fish_box_using_subcommand logs" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand port" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand port" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand port" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand port" -s a -l all -d 'All running containers'
complete -c box -n "__fish_box_using_subcommand port" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand port" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand mount" -l format -d 'The list as json' -r -f -a "json\t''"
complete -c box -n "__fish_box_using_subcommand mount" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand mount" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand mount" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand mount" -s a -l all -d 'All containers'
complete -c box -n "__fish_box_using_subcommand mount" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand mount" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand unmount" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand unmount" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand unmount" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand unmount" -s a -l all -d 'All that are mounted'
complete -c box -n "__fish_box_using_subcommand unmount" -s f -l force -d 'Accepted: what is in use goes when it is not any more'
complete -c box -n "__fish_box_using_subcommand unmount" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand unmount" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand ps" -s f -l filter -d 'Only those for which KEY=VALUE holds: ancestor, before, command, exited, expose, id, label, label!, name, network, publish, since, status, until, volume' -r
complete -c box -n "__fish_box_using_subcommand ps" -l format -d 'json, a Go template, or `table` and a template' -r
complete -c box -n "__fish_box_using_subcommand ps" -s n -l last -d 'The newest N, whatever they do' -r
complete -c box -n "__fish_box_using_subcommand ps" -l sort -d 'Order: command, created, id, image, names, runningfor, size, status' -r -f -a "command\t''
created\t''
id\t''
image\t''
names\t''
runningfor\t''
size\t''
status\t''"
complete -c box -n "__fish_box_using_subcommand ps" -s w -l watch -d 'Show it again every so many seconds' -r
complete -c box -n "__fish_box_using_subcommand ps" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand ps" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand ps" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand ps" -s a -l all -d 'Also show those that do not run'
complete -c box -n "__fish_box_using_subcommand ps" -s l -l latest -d 'The newest one, whatever it does'
complete -c box -n "__fish_box_using_subcommand ps" -l no-trunc -l notruncate -d 'Whole ids and commands'
complete -c box -n "__fish_box_using_subcommand ps" -l noheading -d 'No heading above the table'
complete -c box -n "__fish_box_using_subcommand ps" -s q -l quiet -d 'Only ids'
complete -c box -n "__fish_box_using_subcommand ps" -s s -l size -d 'What each has written, and with its image'
complete -c box -n "__fish_box_using_subcommand ps" -l namespace -l ns -d 'Show the namespaces of each'
complete -c box -n "__fish_box_using_subcommand ps" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand rename" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand rename" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand rename" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand rename" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand restart" -l cidfile -d 'A file that holds the container\'s id (may be repeated)' -r -F
complete -c box -n "__fish_box_using_subcommand restart" -s f -l filter -d 'Containers for which this holds, as KEY=VALUE (may be repeated)' -r
complete -c box -n "__fish_box_using_subcommand restart" -s s -l signal -d 'Signal that it gets in place of the container\'s own' -r
complete -c box -n "__fish_box_using_subcommand restart" -s t -l time -l timeout -d 'Seconds to wait before SIGKILL; the container\'s own --stop-timeout (10) unless given' -r
complete -c box -n "__fish_box_using_subcommand restart" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand restart" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand restart" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand restart" -s a -l all -d 'All containers, running or not'
complete -c box -n "__fish_box_using_subcommand restart" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand restart" -l running -d 'All running containers'
complete -c box -n "__fish_box_using_subcommand restart" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand rm" -l cidfile -d 'A file that holds the container\'s id (may be repeated)' -r -F
complete -c box -n "__fish_box_using_subcommand rm" -l filter -d 'Containers for which this holds, as KEY=VALUE (may be repeated)' -r
complete -c box -n "__fish_box_using_subcommand rm" -s t -l time -l timeout -d 'Seconds to wait before SIGKILL with --force; the container\'s own --stop-timeout unless given' -r
complete -c box -n "__fish_box_using_subcommand rm" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand rm" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand rm" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand rm" -s a -l all -d 'All containers'
complete -c box -n "__fish_box_using_subcommand rm" -l depend -d 'Also the containers that live in this one\'s namespaces'
complete -c box -n "__fish_box_using_subcommand rm" -s f -l force -d 'Stop running containers first; broken ones are removed too'
complete -c box -n "__fish_box_using_subcommand rm" -s i -l ignore -d 'No error for a container, or a file of --cidfile, that does not exist'
complete -c box -n "__fish_box_using_subcommand rm" -l link -d 'Remove links, given as CONTAINER/ALIAS, not containers'
complete -c box -n "__fish_box_using_subcommand rm" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand rm" -s v -l volumes -d 'Also its anonymous volumes, unless another container uses them'
complete -c box -n "__fish_box_using_subcommand rm" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand run" -l detach-keys -d 'Keys that detach from the terminal (default: ctrl-p,ctrl-q); "" is none' -r
complete -c box -n "__fish_box_using_subcommand run" -l sig-proxy -d 'Pass signals on to the container' -r
complete -c box -n "__fish_box_using_subcommand run" -l preserve-fds -d 'Pass on so many descriptors of the caller, from 3 on' -r
complete -c box -n "__fish_box_using_subcommand run" -l preserve-fd -d 'Pass on these descriptors of the caller: 4,7' -r
complete -c box -n "__fish_box_using_subcommand run" -l name -d 'Name of the container; made up when not given' -r
complete -c box -n "__fish_box_using_subcommand run" -l cidfile -d 'Write the container\'s id to a file, which must not exist yet' -r -F
complete -c box -n "__fish_box_using_subcommand run" -s l -l label -d 'Set a label: KEY=VALUE' -r
complete -c box -n "__fish_box_using_subcommand run" -l label-file -d 'Read labels from a file, one KEY=VALUE a line' -r -F
complete -c box -n "__fish_box_using_subcommand run" -l annotation -d 'Set an annotation: KEY=VALUE' -r
complete -c box -n "__fish_box_using_subcommand run" -l stop-signal -d 'What is sent to stop it: a signal\'s name or number (default: the image\'s, or SIGTERM)' -r
complete -c box -n "__fish_box_using_subcommand run" -l stop-timeout -d 'Seconds between the stop signal and SIGKILL (default: 10)' -r
complete -c box -n "__fish_box_using_subcommand run" -l timeout -d 'Seconds until it is killed whatever it does; 0 is never' -r
complete -c box -n "__fish_box_using_subcommand run" -l pidfile -d 'Write the pid of the container\'s first process to a file' -r -F
complete -c box -n "__fish_box_using_subcommand run" -l conmon-pidfile -d 'Write the pid of the container\'s supervisor to a file' -r -F
complete -c box -n "__fish_box_using_subcommand run" -l pull -d 'When to pull the image: always, missing, never, newer (default: missing)' -r
complete -c box -n "__fish_box_using_subcommand run" -l platform -d 'Platform of the image: OS/ARCH[/VARIANT]' -r
complete -c box -n "__fish_box_using_subcommand run" -l arch -d 'Architecture of the image' -r
complete -c box -n "__fish_box_using_subcommand run" -l os -d 'Operating system of the image' -r
complete -c box -n "__fish_box_using_subcommand run" -l variant -d 'Variant of the image\'s architecture' -r
complete -c box -n "__fish_box_using_subcommand run" -l authfile -d 'The file with user names and passwords (default: $REGISTRY_AUTH_FILE, else the usual places)' -r -F
complete -c box -n "__fish_box_using_subcommand run" -l creds -d 'User name and password for the registry' -r
complete -c box -n "__fish_box_using_subcommand run" -l cert-dir -d 'A directory with the registry\'s certificates (default: certs.d/REGISTRY)' -r -F
complete -c box -n "__fish_box_using_subcommand run" -l tls-verify -d 'Insist on HTTPS and known certificates (true), or on neither (false)' -r
complete -c box -n "__fish_box_using_subcommand run" -l retry -d 'How often a failed request is tried again (default: 3)' -r
complete -c box -n "__fish_box_using_subcommand run" -l retry-delay -d 'How long to wait in between, as in 5s (default: 2s, doubling each time)' -r
complete -c box -n "__fish_box_using_subcommand run" -l image-volume -d 'What becomes of the image\'s volumes: anonymous, tmpfs, ignore' -r
complete -c box -n "__fish_box_using_subcommand run" -s a -l attach -d 'Attach only these streams: stdin, stdout, stderr' -r
complete -c box -n "__fish_box_using_subcommand run" -l entrypoint -d 'Command that replaces the image\'s entrypoint: a word or a JSON list; "" clears it' -r
complete -c box -n "__fish_box_using_subcommand run" -s e -l env -d 'Set a variable: KEY=VALUE, KEY for the host\'s value, PRE* for all of the host\'s beginning so' -r
complete -c box -n "__fish_box_using_subcommand run" -l env-file -d 'Read variables from a file, one KEY=VALUE a line' -r -F
complete -c box -n "__fish_box_using_subcommand run" -l env-merge -d 'Change a variable of the image: PATH=/opt/bin:${PATH}' -r
complete -c box -n "__fish_box_using_subcommand run" -l unsetenv -d 'Unset a variable of the image' -r
complete -c box -n "__fish_box_using_subcommand run" -l http-proxy -d 'Pass on the host\'s proxy variables' -r
complete -c box -n "__fish_box_using_subcommand run" -s u -l user -d 'Run as this user: NAME|UID[:GROUP|GID]' -r
complete -c box -n "__fish_box_using_subcommand run" -l group-add -d 'Add a supplementary group, or keep-groups for those of the caller, unseen' -r
complete -c box -n "__fish_box_using_subcommand run" -s w -l workdir -d 'Directory to start in; made when it is missing' -r
complete -c box -n "__fish_box_using_subcommand run" -l umask -d 'File mode creation mask, octal' -r
complete -c box -n "__fish_box_using_subcommand run" -l ulimit -d 'Set a resource limit: nofile=1024:2048, or host for the caller\'s own limits' -r
complete -c box -n "__fish_box_using_subcommand run" -l oom-score-adj -d 'How readily the kernel kills it when memory runs out: -1000 to 1000' -r
complete -c box -n "__fish_box_using_subcommand run" -s h -l hostname -d 'Name of the host inside the container' -r
complete -c box -n "__fish_box_using_subcommand run" -l domainname -d 'Domain of that name: in /etc/hosts, and for NIS' -r
complete -c box -n "__fish_box_using_subcommand run" -l network -l net -d 'Network: NAME[:ip=ADDRESS,ip6=ADDRESS,mac=ADDRESS,alias=NAME,interface_name=NAME] (may be repeated), none, host, container:NAME, ns:PATH, pasta or slirp4netns[:OPTION=VALUE,...] (default: box)' -r
complete -c box -n "__fish_box_using_subcommand run" -l network-alias -l net-alias -d 'Another name under which the container\'s neighbours find it' -r
complete -c box -n "__fish_box_using_subcommand run" -l ip -d 'Fixed IPv4 address in its network' -r
complete -c box -n "__fish_box_using_subcommand run" -l ip6 -d 'Fixed IPv6 address in its network' -r
complete -c box -n "__fish_box_using_subcommand run" -l mac-address -d 'Fixed MAC address in its network' -r
complete -c box -n "__fish_box_using_subcommand run" -l add-host -d 'Add a line to /etc/hosts: NAME:ADDRESS' -r
complete -c box -n "__fish_box_using_subcommand run" -l dns -d 'Use this name server; none keeps the image\'s resolv.conf' -r
complete -c box -n "__fish_box_using_subcommand run" -l dns-option -l dns-opt -d 'Add an option to resolv.conf' -r
complete -c box -n "__fish_box_using_subcommand run" -l dns-search -d 'Search this domain' -r
complete -c box -n "__fish_box_using_subcommand run" -l hosts-file -d 'What /etc/hosts begins with in place of the host\'s own: a file, image (its own one) or none' -r
complete -c box -n "__fish_box_using_subcommand run" -l requires -d 'Start these containers before it' -r
complete -c box -n "__fish_box_using_subcommand run" -l passwd-entry -d 'Line for /etc/passwd if it does not know --user\'s number; $USERNAME, $UID, $GID, $NAME and $HOME are filled in' -r
complete -c box -n "__fish_box_using_subcommand run" -l group-entry -d 'Line for /etc/group if it does not know the group\'s number; $GROUPNAME, $GID and $USERLIST are filled in' -r
complete -c box -n "__fish_box_using_subcommand run" -l hostuser -d 'Add a user of the host to the container\'s /etc/passwd' -r
complete -c box -n "__fish_box_using_subcommand run" -l tz -d 'Time zone: AREA/CITY as in /usr/share/zoneinfo, or local for the host\'s own' -r
complete -c box -n "__fish_box_using_subcommand run" -l expose -d 'Note that the container offers a port: PORT[-PORT][/PROTOCOL]' -r
complete -c box -n "__fish_box_using_subcommand run" -l link -d 'Find another container under a name, with its ports in variables: CONTAINER[:ALIAS]' -r
complete -c box -n "__fish_box_using_subcommand run" -s p -l publish -d 'Pass a port of the host on to the container: [[IP:][HOST-PORT]:]PORT[/PROTOCOL], or ranges' -r
complete -c box -n "__fish_box_using_subcommand run" -s v -l volume -d 'Mount a directory of the host or a volume: [HOST-PATH:|VOLUME:]PATH[:OPTIONS]' -r
complete -c box -n "__fish_box_using_subcommand run" -l volumes-from -d 'Mount the volumes of another container, running or not: NAME[:ro],...' -r
complete -c box -n "__fish_box_using_subcommand run" -l mount -d 'Mount something: type=bind|volume|tmpfs|image|glob|devpts,source=PATH,target=PATH[,OPTION...]' -r
complete -c box -n "__fish_box_using_subcommand run" -l tmpfs -d 'Mount a fresh tmpfs: PATH[:OPTIONS]' -r
complete -c box -n "__fish_box_using_subcommand run" -l device -d 'Give it a device of the host: HOST-PATH[:PATH][:rwm]' -r
complete -c box -n "__fish_box_using_subcommand run" -l read-only-tmpfs -d 'With --read-only: /run, /tmp and /var/tmp are writable' -r
complete -c box -n "__fish_box_using_subcommand run" -l shm-size -d 'Size of /dev/shm (default: 64m)' -r
complete -c box -n "__fish_box_using_subcommand run" -l log-driver -d 'Driver of the log: k8s-file or none (default: k8s-file)' -r
complete -c box -n "__fish_box_using_subcommand run" -l log-opt -d 'Option of the log\'s driver: max-size=SIZE, max-file=NUMBER, path=FILE, and for `logs --details` env=NAMES, labels=NAMES, tag=TEXT' -r
complete -c box -n "__fish_box_using_subcommand run" -l cap-add -d 'Add a capability, or ALL' -r
complete -c box -n "__fish_box_using_subcommand run" -l cap-drop -d 'Drop a capability, or ALL' -r
complete -c box -n "__fish_box_using_subcommand run" -l security-opt -d 'seccomp=FILE|unconfined, no-new-privileges, mask=PATH[:PATH], unmask=PATH[:PATH]|ALL' -r
complete -c box -n "__fish_box_using_subcommand run" -l sysctl -d 'Set a kernel parameter of the container\'s own namespaces: KEY=VALUE' -r
complete -c box -n "__fish_box_using_subcommand run" -l pid -d 'PID namespace: private, host, container:NAME' -r
complete -c box -n "__fish_box_using_subcommand run" -l ipc -d 'IPC namespace: private, host, container:NAME' -r
complete -c box -n "__fish_box_using_subcommand run" -l uts -d 'UTS namespace: private, host, container:NAME' -r
complete -c box -n "__fish_box_using_subcommand run" -l cgroupns -d 'Cgroup namespace: private, host, container:NAME' -r
complete -c box -n "__fish_box_using_subcommand run" -l userns -d 'User namespace: host (the caller is root inside), keep-id (the caller has its own ids inside, or those of keep-id:uid=UID,gid=GID), nomap (the caller is nobody inside), auto (ids that no other container with auto has, N of them with auto:size=N), private (the same ids in a namespace of its own), container:NAME, ns:PATH' -r
complete -c box -n "__fish_box_using_subcommand run" -l uidmap -d 'Users in a namespace of its own: the first one inside, the first one outside (0 is the caller, its subordinate ids follow from 1 on; @UID is one of the host), how many; as in --uidmap 0:1:1000 --uidmap 1000:0:1. Letters before a row: + keeps all other ids as they are, u is for users alone, g for groups' -r
complete -c box -n "__fish_box_using_subcommand run" -l gidmap -d 'Groups, in the same way; as the users if it is not given' -r
complete -c box -n "__fish_box_using_subcommand run" -l subuidname -d 'The users that /etc/subuid gives to NAME, in a namespace of its own' -r
complete -c box -n "__fish_box_using_subcommand run" -l subgidname -d 'The groups that /etc/subgid gives to NAME' -r
complete -c box -n "__fish_box_using_subcommand run" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand run" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand run" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand run" -s d -l detach -d 'Print the container\'s id and leave it running'
complete -c box -n "__fish_box_using_subcommand run" -l rmi -d 'Remove the container and, if nothing else uses it, the image when it has ended'
complete -c box -n "__fish_box_using_subcommand run" -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand run" -l replace -d 'Remove a container that has the name first'
complete -c box -n "__fish_box_using_subcommand run" -l rm -d 'Remove the container when it has ended'
complete -c box -n "__fish_box_using_subcommand run" -s q -l quiet -d 'Show no progress of a pull'
complete -c box -n "__fish_box_using_subcommand run" -l rootfs -d 'Run a directory of the host: it stands in the image\'s place'
complete -c box -n "__fish_box_using_subcommand run" -s t -l tty -d 'Connect a terminal'
complete -c box -n "__fish_box_using_subcommand run" -s i -l interactive -d 'Keep standard input open'
complete -c box -n "__fish_box_using_subcommand run" -l env-host -d 'Take over all of the host\'s variables'
complete -c box -n "__fish_box_using_subcommand run" -l unsetenv-all -d 'Unset all variables of the image and of box'
complete -c box -n "__fish_box_using_subcommand run" -l init -d 'Run box itself as PID 1: it reaps orphans and passes signals on'
complete -c box -n "__fish_box_using_subcommand run" -l no-hosts -d 'Keep the image\'s /etc/hosts'
complete -c box -n "__fish_box_using_subcommand run" -l no-hostname -d 'Keep the image\'s /etc/hostname'
complete -c box -n "__fish_box_using_subcommand run" -s P -l publish-all -d 'Publish every exposed port at a free port of the host'
complete -c box -n "__fish_box_using_subcommand run" -l read-only -d 'The container\'s root is not writable'
complete -c box -n "__fish_box_using_subcommand run" -l privileged -d 'All capabilities, no seccomp, no hidden paths, all devices that the caller may open'
complete -c box -n "__fish_box_using_subcommand start" -l detach-keys -d 'Keys that detach from the terminal (default: ctrl-p,ctrl-q); "" is none' -r
complete -c box -n "__fish_box_using_subcommand start" -s f -l filter -d 'Containers for which this holds, as KEY=VALUE (may be repeated)' -r
complete -c box -n "__fish_box_using_subcommand start" -l sig-proxy -d 'Pass signals on to the container; the default when attached' -r
complete -c box -n "__fish_box_using_subcommand start" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand start" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand start" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand start" -l all -d 'All containers that do not run'
complete -c box -n "__fish_box_using_subcommand start" -s a -l attach -d 'Attach standard output and standard error, and wait for the end'
complete -c box -n "__fish_box_using_subcommand start" -s i -l interactive -d 'Attach standard input too'
complete -c box -n "__fish_box_using_subcommand start" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand start" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand stop" -l cidfile -d 'A file that holds the container\'s id (may be repeated)' -r -F
complete -c box -n "__fish_box_using_subcommand stop" -s f -l filter -d 'Containers for which this holds, as KEY=VALUE (may be repeated)' -r
complete -c box -n "__fish_box_using_subcommand stop" -s s -l signal -d 'Signal that it gets in place of the container\'s own' -r
complete -c box -n "__fish_box_using_subcommand stop" -s t -l time -l timeout -d 'Seconds to wait before SIGKILL; the container\'s own --stop-timeout (10) unless given' -r
complete -c box -n "__fish_box_using_subcommand stop" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand stop" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand stop" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand stop" -s a -l all -d 'All running containers'
complete -c box -n "__fish_box_using_subcommand stop" -s i -l ignore -d 'No error for a container, or a file of --cidfile, that does not exist'
complete -c box -n "__fish_box_using_subcommand stop" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand stop" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand top" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand top" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand top" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand top" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand top" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand wait" -l condition -d 'What to wait for: created, exited, removed, running, stopped (may be repeated: any of them)' -r
complete -c box -n "__fish_box_using_subcommand wait" -s i -l interval -d 'How often to look where nobody tells: milliseconds, or 250ms, 1s' -r
complete -c box -n "__fish_box_using_subcommand wait" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand wait" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand wait" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand wait" -l ignore -d 'No error for a container that does not exist; its code is -1'
complete -c box -n "__fish_box_using_subcommand wait" -l exit-first-match -d 'Return when the first of several containers has ended, and print its code'
complete -c box -n "__fish_box_using_subcommand wait" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand wait" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand history" -l format -d 'json, a Go template, or `table` and a template' -r
complete -c box -n "__fish_box_using_subcommand history" -s H -l human -d 'Times and sizes for people (true), or exact (false)' -r -f -a "true\t''
false\t''"
complete -c box -n "__fish_box_using_subcommand history" -l platform -d 'Only the image for this platform: OS/ARCH[/VARIANT]' -r
complete -c box -n "__fish_box_using_subcommand history" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand history" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand history" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand history" -l no-trunc -l notruncate -d 'Whole ids and commands'
complete -c box -n "__fish_box_using_subcommand history" -s q -l quiet -d 'Only ids'
complete -c box -n "__fish_box_using_subcommand history" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand insert" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand insert" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand insert" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand insert" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand images" -s f -l filter -d 'Only those for which KEY=VALUE holds: after, before, containers, dangling, id, label, label!, reference, since, until' -r
complete -c box -n "__fish_box_using_subcommand images" -l format -d 'json, a Go template, or `table` and a template' -r
complete -c box -n "__fish_box_using_subcommand images" -l sort -d 'Order: created, id, repository, size, tag' -r -f -a "created\t''
id\t''
repository\t''
size\t''
tag\t''"
complete -c box -n "__fish_box_using_subcommand images" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand images" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand images" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand images" -s a -l all -d 'Also show what is no image by itself (nothing in box)'
complete -c box -n "__fish_box_using_subcommand images" -l digests -d 'Show the digests of the manifests'
complete -c box -n "__fish_box_using_subcommand images" -l history -d 'Show the names that each had before'
complete -c box -n "__fish_box_using_subcommand images" -l no-trunc -l notruncate -d 'Whole ids'
complete -c box -n "__fish_box_using_subcommand images" -s n -l noheading -d 'No heading above the table'
complete -c box -n "__fish_box_using_subcommand images" -s q -l quiet -d 'Only ids'
complete -c box -n "__fish_box_using_subcommand images" -l tree -d 'All layers as a tree, with the images that end at each'
complete -c box -n "__fish_box_using_subcommand images" -l viz -d 'The same as a picture for Graphviz: box images --viz | dot -Tsvg'
complete -c box -n "__fish_box_using_subcommand images" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand import" -s c -l change -d 'Change the image\'s configuration by a Dockerfile instruction: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, SHELL, STOPSIGNAL, USER, VOLUME, WORKDIR' -r
complete -c box -n "__fish_box_using_subcommand import" -s m -l message -d 'The remark in the image\'s history' -r
complete -c box -n "__fish_box_using_subcommand import" -l arch -d 'The architecture that the files are for; this machine\'s unless given' -r
complete -c box -n "__fish_box_using_subcommand import" -l os -d 'The operating system that the files are for' -r
complete -c box -n "__fish_box_using_subcommand import" -l variant -d 'The variant of the architecture, v7 for example' -r
complete -c box -n "__fish_box_using_subcommand import" -l platform -d 'OS/ARCH[/VARIANT] of what is in it' -r
complete -c box -n "__fish_box_using_subcommand import" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand import" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand import" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand import" -s q -l quiet -d 'Print the id only'
complete -c box -n "__fish_box_using_subcommand import" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand load" -s i -l input -d 'An archive or a directory instead of standard input' -r
complete -c box -n "__fish_box_using_subcommand load" -l platform -d 'Only the image for this platform: OS/ARCH[/VARIANT]' -r
complete -c box -n "__fish_box_using_subcommand load" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand load" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand load" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand load" -s q -l quiet -d 'Print nothing but the names'
complete -c box -n "__fish_box_using_subcommand load" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand pull" -l platform -d 'The platform, OS/ARCH or OS/ARCH/VARIANT; this machine\'s unless given' -r
complete -c box -n "__fish_box_using_subcommand pull" -l arch -d 'The architecture' -r
complete -c box -n "__fish_box_using_subcommand pull" -l os -d 'The operating system' -r
complete -c box -n "__fish_box_using_subcommand pull" -l variant -d 'The variant of the architecture, v7 for example' -r
complete -c box -n "__fish_box_using_subcommand pull" -l policy -d 'When to ask the registry: always, missing, newer or never' -r
complete -c box -n "__fish_box_using_subcommand pull" -l authfile -d 'The file with user names and passwords (default: $REGISTRY_AUTH_FILE, else the usual places)' -r -F
complete -c box -n "__fish_box_using_subcommand pull" -l creds -d 'User name and password for the registry' -r
complete -c box -n "__fish_box_using_subcommand pull" -l cert-dir -d 'A directory with the registry\'s certificates (default: certs.d/REGISTRY)' -r -F
complete -c box -n "__fish_box_using_subcommand pull" -l tls-verify -d 'Insist on HTTPS and known certificates (true), or on neither (false)' -r
complete -c box -n "__fish_box_using_subcommand pull" -l retry -d 'How often a failed request is tried again (default: 3)' -r
complete -c box -n "__fish_box_using_subcommand pull" -l retry-delay -d 'How long to wait in between, as in 5s (default: 2s, doubling each time)' -r
complete -c box -n "__fish_box_using_subcommand pull" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand pull" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand pull" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand pull" -s a -l all-tags -d 'Pull every tag of the repository'
complete -c box -n "__fish_box_using_subcommand pull" -s q -l quiet -d 'Show no progress'
complete -c box -n "__fish_box_using_subcommand pull" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand push" -l compression-format -d 'How plain layers are packed: gzip or zstd; those that are packed otherwise, too' -r
complete -c box -n "__fish_box_using_subcommand push" -l compression-level -d 'gzip: 1 to 9 (5 unless given); zstd: 1 to 22 (3)' -r
complete -c box -n "__fish_box_using_subcommand push" -l force-compression -d 'Pack layers again that are packed otherwise (true if --compression-format is given)' -r
complete -c box -n "__fish_box_using_subcommand push" -l digestfile -d 'Write the digest that the image has there to this file' -r -F
complete -c box -n "__fish_box_using_subcommand push" -s f -l format -d 'The manifest\'s format: oci or v2s2; as it is unless given' -r -f -a "oci\t''
v2s2\t''
v2s1\t''"
complete -c box -n "__fish_box_using_subcommand push" -l platform -d 'Only the image for this platform' -r
complete -c box -n "__fish_box_using_subcommand push" -l authfile -d 'The file with user names and passwords (default: $REGISTRY_AUTH_FILE, else the usual places)' -r -F
complete -c box -n "__fish_box_using_subcommand push" -l creds -d 'User name and password for the registry' -r
complete -c box -n "__fish_box_using_subcommand push" -l cert-dir -d 'A directory with the registry\'s certificates (default: certs.d/REGISTRY)' -r -F
complete -c box -n "__fish_box_using_subcommand push" -l tls-verify -d 'Insist on HTTPS and known certificates (true), or on neither (false)' -r
complete -c box -n "__fish_box_using_subcommand push" -l retry -d 'How often a failed request is tried again (default: 3)' -r
complete -c box -n "__fish_box_using_subcommand push" -l retry-delay -d 'How long to wait in between, as in 5s (default: 2s, doubling each time)' -r
complete -c box -n "__fish_box_using_subcommand push" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand push" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand push" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand push" -s a -l all-tags -d 'Every tag of the repository that is here'
complete -c box -n "__fish_box_using_subcommand push" -l compress -d 'Pack plain layers with gzip for a dir: as well'
complete -c box -n "__fish_box_using_subcommand push" -s q -l quiet -d 'Show no progress'
complete -c box -n "__fish_box_using_subcommand push" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand rmi" -l platform -d 'Only the image for this platform: OS/ARCH[/VARIANT]' -r
complete -c box -n "__fish_box_using_subcommand rmi" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand rmi" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand rmi" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand rmi" -s a -l all -d 'All images'
complete -c box -n "__fish_box_using_subcommand rmi" -s f -l force -d 'Also images that containers use, with these containers, and images with several names by id'
complete -c box -n "__fish_box_using_subcommand rmi" -s i -l ignore -d 'No error for an image that does not exist'
complete -c box -n "__fish_box_using_subcommand rmi" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand save" -l format -d 'docker-archive (as docker save), oci-archive, oci-dir (an OCI layout), or docker-dir (dir:)' -r -f -a "docker-archive\t''
oci-archive\t''
oci-dir\t''
docker-dir\t''"
complete -c box -n "__fish_box_using_subcommand save" -s o -l output -d 'The file, or the directory, to write to' -r -F
complete -c box -n "__fish_box_using_subcommand save" -l platform -d 'Only the image for this platform: OS/ARCH[/VARIANT]' -r
complete -c box -n "__fish_box_using_subcommand save" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand save" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand save" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand save" -l compress -d 'Pack plain layers with gzip; with --format docker-dir only'
complete -c box -n "__fish_box_using_subcommand save" -s m -l multi-image-archive -d 'Each word is an image, not one more name of the first; here that is told by what it names'
complete -c box -n "__fish_box_using_subcommand save" -s q -l quiet -d 'Show no progress'
complete -c box -n "__fish_box_using_subcommand save" -l uncompressed -d 'Leave plain layers plain, as is done anyway'
complete -c box -n "__fish_box_using_subcommand save" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand search" -l limit -d 'The most results of each registry' -r
complete -c box -n "__fish_box_using_subcommand search" -s f -l filter -d 'Only what is so: stars=NUMBER, is-official, is-automated' -r
complete -c box -n "__fish_box_using_subcommand search" -l format -d 'json, a Go template, or `table` and a template' -r
complete -c box -n "__fish_box_using_subcommand search" -l authfile -d 'The file with user names and passwords (default: $REGISTRY_AUTH_FILE, else the usual places)' -r -F
complete -c box -n "__fish_box_using_subcommand search" -l creds -d 'User name and password for the registry' -r
complete -c box -n "__fish_box_using_subcommand search" -l cert-dir -d 'A directory with the registry\'s certificates (default: certs.d/REGISTRY)' -r -F
complete -c box -n "__fish_box_using_subcommand search" -l tls-verify -d 'Insist on HTTPS and known certificates (true), or on neither (false)' -r
complete -c box -n "__fish_box_using_subcommand search" -l retry -d 'How often a failed request is tried again (default: 3)' -r
complete -c box -n "__fish_box_using_subcommand search" -l retry-delay -d 'How long to wait in between, as in 5s (default: 2s, doubling each time)' -r
complete -c box -n "__fish_box_using_subcommand search" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand search" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand search" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand search" -l list-tags -d 'List the tags of a repository'
complete -c box -n "__fish_box_using_subcommand search" -l no-trunc -l notrunc -d 'Whole descriptions'
complete -c box -n "__fish_box_using_subcommand search" -l compatible -d 'Also show stars, and what is official and automated, as docker does'
complete -c box -n "__fish_box_using_subcommand search" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand tag" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand tag" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand tag" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand tag" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand untag" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand untag" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand untag" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand untag" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand login" -s u -l username -d 'The user\'s name; asked for unless given' -r
complete -c box -n "__fish_box_using_subcommand login" -s p -l password -d 'The password: other users of this machine can read it while the command runs' -r
complete -c box -n "__fish_box_using_subcommand login" -l authfile -d 'The file to keep it in (default: $REGISTRY_AUTH_FILE, else podman\'s)' -r -F
complete -c box -n "__fish_box_using_subcommand login" -l compat-auth-file -d 'A file of docker\'s to keep it in, such as ~/.docker/config.json' -r -F
complete -c box -n "__fish_box_using_subcommand login" -l cert-dir -d 'A directory with the registry\'s certificates (default: certs.d/REGISTRY)' -r -F
complete -c box -n "__fish_box_using_subcommand login" -l tls-verify -d 'Insist on HTTPS and known certificates (true), or on neither (false)' -r
complete -c box -n "__fish_box_using_subcommand login" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand login" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand login" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand login" -l password-stdin -d 'Read the password from standard input'
complete -c box -n "__fish_box_using_subcommand login" -l get-login -d 'Print the name of the user who is logged in'
complete -c box -n "__fish_box_using_subcommand login" -s v -l verbose -d 'Say where the password was kept'
complete -c box -n "__fish_box_using_subcommand login" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand logout" -l authfile -d 'The file they were kept in (default: $REGISTRY_AUTH_FILE, else podman\'s)' -r -F
complete -c box -n "__fish_box_using_subcommand logout" -l compat-auth-file -d 'A file of docker\'s they were kept in, such as ~/.docker/config.json' -r -F
complete -c box -n "__fish_box_using_subcommand logout" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand logout" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand logout" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand logout" -s a -l all -d 'Log out of all registries'
complete -c box -n "__fish_box_using_subcommand logout" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand doctor" -s f -l format -d '`json` instead of text' -r
complete -c box -n "__fish_box_using_subcommand doctor" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand doctor" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand doctor" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand info" -s f -l format -d '`json`, or a Go template' -r
complete -c box -n "__fish_box_using_subcommand info" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand info" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand info" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand info" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand inspect" -s t -l type -d 'container, image, volume or network; when not given they are looked for in this order' -r -f -a "all\t''
container\t''
image\t''
volume\t''
network\t''
pod\t''"
complete -c box -n "__fish_box_using_subcommand inspect" -s f -l format -d 'json, or a Go template' -r
complete -c box -n "__fish_box_using_subcommand inspect" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand inspect" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand inspect" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand inspect" -s s -l size -d 'Also add up how much each container takes'
complete -c box -n "__fish_box_using_subcommand inspect" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand inspect" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand unshare" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand unshare" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand unshare" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand unshare" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand completion" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand completion" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand completion" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand completion" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand help" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand help" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand help" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand help" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand version" -s f -l format -d '`json`, or a Go template over the version' -r
complete -c box -n "__fish_box_using_subcommand version" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand version" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand version" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand version" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -f -a "attach" -d 'Attach to a running container'
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -f -a "commit" -d 'Make an image of a container\'s files'
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -f -a "exists" -d 'Tell by the exit code whether a container exists: 0 if it does, 1 if not'
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -f -a "inspect" -d 'Show everything about containers'
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -f -a "prune" -d 'Remove all containers that do not run'
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -f -a "create" -d 'Make a container without starting it'
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -f -a "diff" -d 'Show which files a container or an image\'s last layer changed'
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -f -a "cp" -d 'Copy files between containers and the host'
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -f -a "exec" -d 'Run a command in a running container'
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -f -a "export" -d 'Write a container\'s files as a tar archive'
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -f -a "kill" -d 'Send a signal to one or more running containers'
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -f -a "logs" -d 'Show what containers have written'
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -f -a "port" -d 'Show which ports of the host lead to a container, or change them'
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -f -a "mount" -d 'Show containers\' files as directories, inside `box unshare`'
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -f -a "unmount" -d 'Take containers\' files away from where `mount` put them'
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -f -a "ps" -d 'List containers'
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -f -a "rename" -d 'Give a container another name'
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -f -a "restart" -d 'Stop one or more containers and start them again'
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -f -a "rm" -d 'Remove one or more containers'
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -f -a "run" -d 'Run a command in a new container'
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -f -a "start" -d 'Start one or more containers that do not run'
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -f -a "stop" -d 'Stop one or more running containers'
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -f -a "top" -d 'Show the processes of a container'
complete -c box -n "__fish_box_using_subcommand container; and not __fish_seen_subcommand_from attach commit exists inspect prune create diff cp exec export kill logs port mount unmount ps rename restart rm run start stop top wait" -f -a "wait" -d 'Wait until containers have ended, and print their exit codes'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from attach" -l detach-keys -d 'Keys that detach from the terminal (default: ctrl-p,ctrl-q); "" is none' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from attach" -l sig-proxy -d 'Pass signals on to the container' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from attach" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from attach" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from attach" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from attach" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from attach" -l no-stdin -d 'Do not pass on standard input'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from attach" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from commit" -s a -l author -d 'Who made it' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from commit" -s c -l change -d 'A Dockerfile instruction for the new image: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, SHELL, STOPSIGNAL, USER, VOLUME, WORKDIR' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from commit" -l config -d 'A file with a container\'s configuration in Docker\'s JSON, merged into the image\'s' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from commit" -s f -l format -d 'The manifest\'s format: oci or docker' -r -f -a "oci\t''
docker\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from commit" -l iidfile -d 'Write the image\'s id to this file' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from commit" -s m -l message -d 'A remark for the history' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from commit" -s p -l pause -d 'Stop the container\'s processes (SIGSTOP) while its files are read; they go on when that is done, or when this command is killed' -r -f -a "true\t''
false\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from commit" -l run -d 'A configuration in JSON, as the first docker took it: {"Cmd": ["cat", "/x"], "PortSpecs": ["22"]}' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from commit" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from commit" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from commit" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from commit" -l include-volumes -d 'The container\'s volumes become volumes of the image (their places, not their content)'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from commit" -s q -l quiet -d 'Nothing but the id (it is all that is printed)'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from commit" -s s -l squash -d 'One layer with everything, in place of the image\'s layers and one more'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from commit" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from exists" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from exists" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from exists" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from exists" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from inspect" -s f -l format -d 'json, or a Go template' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from inspect" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from inspect" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from inspect" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from inspect" -s s -l size -d 'Also add up how much each takes'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from inspect" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from prune" -l filter -d 'Only containers for which this holds: label=KEY[=VALUE], label!=…, until=TIME (may be repeated)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from prune" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from prune" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from prune" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from prune" -s f -l force -d 'Do not ask'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l name -d 'Name of the container; made up when not given' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l cidfile -d 'Write the container\'s id to a file, which must not exist yet' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -s l -l label -d 'Set a label: KEY=VALUE' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l label-file -d 'Read labels from a file, one KEY=VALUE a line' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l annotation -d 'Set an annotation: KEY=VALUE' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l stop-signal -d 'What is sent to stop it: a signal\'s name or number (default: the image\'s, or SIGTERM)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l stop-timeout -d 'Seconds between the stop signal and SIGKILL (default: 10)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l timeout -d 'Seconds until it is killed whatever it does; 0 is never' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l pidfile -d 'Write the pid of the container\'s first process to a file' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l conmon-pidfile -d 'Write the pid of the container\'s supervisor to a file' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l pull -d 'When to pull the image: always, missing, never, newer (default: missing)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l platform -d 'Platform of the image: OS/ARCH[/VARIANT]' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l arch -d 'Architecture of the image' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l os -d 'Operating system of the image' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l variant -d 'Variant of the image\'s architecture' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l authfile -d 'The file with user names and passwords (default: $REGISTRY_AUTH_FILE, else the usual places)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l creds -d 'User name and password for the registry' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l cert-dir -d 'A directory with the registry\'s certificates (default: certs.d/REGISTRY)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l tls-verify -d 'Insist on HTTPS and known certificates (true), or on neither (false)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l retry -d 'How often a failed request is tried again (default: 3)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l retry-delay -d 'How long to wait in between, as in 5s (default: 2s, doubling each time)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l image-volume -d 'What becomes of the image\'s volumes: anonymous, tmpfs, ignore' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -s a -l attach -d 'Attach only these streams: stdin, stdout, stderr' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l entrypoint -d 'Command that replaces the image\'s entrypoint: a word or a JSON list; "" clears it' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -s e -l env -d 'Set a variable: KEY=VALUE, KEY for the host\'s value, PRE* for all of the host\'s beginning so' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l env-file -d 'Read variables from a file, one KEY=VALUE a line' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l env-merge -d 'Change a variable of the image: PATH=/opt/bin:${PATH}' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l unsetenv -d 'Unset a variable of the image' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l http-proxy -d 'Pass on the host\'s proxy variables' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -s u -l user -d 'Run as this user: NAME|UID[:GROUP|GID]' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l group-add -d 'Add a supplementary group, or keep-groups for those of the caller, unseen' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -s w -l workdir -d 'Directory to start in; made when it is missing' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l umask -d 'File mode creation mask, octal' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l ulimit -d 'Set a resource limit: nofile=1024:2048, or host for the caller\'s own limits' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l oom-score-adj -d 'How readily the kernel kills it when memory runs out: -1000 to 1000' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -s h -l hostname -d 'Name of the host inside the container' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l domainname -d 'Domain of that name: in /etc/hosts, and for NIS' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l network -l net -d 'Network: NAME[:ip=ADDRESS,ip6=ADDRESS,mac=ADDRESS,alias=NAME,interface_name=NAME] (may be repeated), none, host, container:NAME, ns:PATH, pasta or slirp4netns[:OPTION=VALUE,...] (default: box)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l network-alias -l net-alias -d 'Another name under which the container\'s neighbours find it' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l ip -d 'Fixed IPv4 address in its network' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l ip6 -d 'Fixed IPv6 address in its network' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l mac-address -d 'Fixed MAC address in its network' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l add-host -d 'Add a line to /etc/hosts: NAME:ADDRESS' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l dns -d 'Use this name server; none keeps the image\'s resolv.conf' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l dns-option -l dns-opt -d 'Add an option to resolv.conf' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l dns-search -d 'Search this domain' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l hosts-file -d 'What /etc/hosts begins with in place of the host\'s own: a file, image (its own one) or none' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l requires -d 'Start these containers before it' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l passwd-entry -d 'Line for /etc/passwd if it does not know --user\'s number; $USERNAME, $UID, $GID, $NAME and $HOME are filled in' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l group-entry -d 'Line for /etc/group if it does not know the group\'s number; $GROUPNAME, $GID and $USERLIST are filled in' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l hostuser -d 'Add a user of the host to the container\'s /etc/passwd' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l tz -d 'Time zone: AREA/CITY as in /usr/share/zoneinfo, or local for the host\'s own' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l expose -d 'Note that the container offers a port: PORT[-PORT][/PROTOCOL]' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l link -d 'Find another container under a name, with its ports in variables: CONTAINER[:ALIAS]' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -s p -l publish -d 'Pass a port of the host on to the container: [[IP:][HOST-PORT]:]PORT[/PROTOCOL], or ranges' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -s v -l volume -d 'Mount a directory of the host or a volume: [HOST-PATH:|VOLUME:]PATH[:OPTIONS]' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l volumes-from -d 'Mount the volumes of another container, running or not: NAME[:ro],...' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l mount -d 'Mount something: type=bind|volume|tmpfs|image|glob|devpts,source=PATH,target=PATH[,OPTION...]' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l tmpfs -d 'Mount a fresh tmpfs: PATH[:OPTIONS]' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l device -d 'Give it a device of the host: HOST-PATH[:PATH][:rwm]' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l read-only-tmpfs -d 'With --read-only: /run, /tmp and /var/tmp are writable' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l shm-size -d 'Size of /dev/shm (default: 64m)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l log-driver -d 'Driver of the log: k8s-file or none (default: k8s-file)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l log-opt -d 'Option of the log\'s driver: max-size=SIZE, max-file=NUMBER, path=FILE, and for `logs --details` env=NAMES, labels=NAMES, tag=TEXT' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l cap-add -d 'Add a capability, or ALL' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l cap-drop -d 'Drop a capability, or ALL' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l security-opt -d 'seccomp=FILE|unconfined, no-new-privileges, mask=PATH[:PATH], unmask=PATH[:PATH]|ALL' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l sysctl -d 'Set a kernel parameter of the container\'s own namespaces: KEY=VALUE' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l pid -d 'PID namespace: private, host, container:NAME' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l ipc -d 'IPC namespace: private, host, container:NAME' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l uts -d 'UTS namespace: private, host, container:NAME' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l cgroupns -d 'Cgroup namespace: private, host, container:NAME' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l userns -d 'User namespace: host (the caller is root inside), keep-id (the caller has its own ids inside, or those of keep-id:uid=UID,gid=GID), nomap (the caller is nobody inside), auto (ids that no other container with auto has, N of them with auto:size=N), private (the same ids in a namespace of its own), container:NAME, ns:PATH' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l uidmap -d 'Users in a namespace of its own: the first one inside, the first one outside (0 is the caller, its subordinate ids follow from 1 on; @UID is one of the host), how many; as in --uidmap 0:1:1000 --uidmap 1000:0:1. Letters before a row: + keeps all other ids as they are, u is for users alone, g for groups' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l gidmap -d 'Groups, in the same way; as the users if it is not given' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l subuidname -d 'The users that /etc/subuid gives to NAME, in a namespace of its own' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l subgidname -d 'The groups that /etc/subgid gives to NAME' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l replace -d 'Remove a container that has the name first'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l rm -d 'Remove the container when it has ended'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Show no progress of a pull'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l rootfs -d 'Run a directory of the host: it stands in the image\'s place'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -s t -l tty -d 'Connect a terminal'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -s i -l interactive -d 'Keep standard input open'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l env-host -d 'Take over all of the host\'s variables'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l unsetenv-all -d 'Unset all variables of the image and of box'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l init -d 'Run box itself as PID 1: it reaps orphans and passes signals on'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l no-hosts -d 'Keep the image\'s /etc/hosts'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l no-hostname -d 'Keep the image\'s /etc/hostname'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -s P -l publish-all -d 'Publish every exposed port at a free port of the host'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l read-only -d 'The container\'s root is not writable'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from create" -l privileged -d 'All capabilities, no seccomp, no hidden paths, all devices that the caller may open'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from diff" -l format -d 'json' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from diff" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from diff" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from diff" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from diff" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from diff" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from cp" -s a -l archive -d 'Keep the owners\' numbers; also --archive=false, which means that in podman' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from cp" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from cp" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from cp" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from cp" -l overwrite -d 'Let a directory take the place of a file, and the other way round'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from cp" -s q -l quiet -d 'Show no progress'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from cp" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from exec" -l cidfile -d 'A file that holds the container\'s id; no container is named then' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from exec" -l detach-keys -d 'Keys that leave the process running (default: ctrl-p,ctrl-q): letters, or ctrl- and one of a-z @ [ \\ ] ^ _' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from exec" -s e -l env -d 'Set an environment variable; without a value it is taken from here, and PRE* takes all that begin so' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from exec" -l env-file -d 'Read environment variables from a file of NAME=VALUE lines' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from exec" -l preserve-fds -d 'Pass on so many descriptors of the caller, from 3 on' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from exec" -l preserve-fd -d 'Pass on these descriptors of the caller: 4,7' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from exec" -s u -l user -d 'Run as USER[:GROUP], names or numbers of the container' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from exec" -s w -l workdir -d 'The working directory in the container' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from exec" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from exec" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from exec" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from exec" -s d -l detach -d 'Start it and return'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from exec" -s i -l interactive -d 'Pass our standard input on'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from exec" -s l -l latest -d 'Use the container that was made last'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from exec" -l privileged -d 'All capabilities and no seccomp filter'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from exec" -s t -l tty -d 'Give the command a terminal'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from exec" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from export" -s o -l output -d 'The file to write to' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from export" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from export" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from export" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from kill" -l cidfile -d 'A file that holds the container\'s id (may be repeated)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from kill" -s s -l signal -d 'The signal' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from kill" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from kill" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from kill" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from kill" -s a -l all -d 'All running containers'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from kill" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from kill" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from logs" -l since -d 'Only from this time on: RFC 3339, seconds since 1970, or how long ago (10m)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from logs" -l until -d 'Only up to this time: RFC 3339, seconds since 1970, or how long ago (10m)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from logs" -l tail -d 'At most so many lines, the last ones; -1 or all: every line' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from logs" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from logs" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from logs" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from logs" -s f -l follow -d 'Go on until the container ends'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from logs" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from logs" -s n -l names -d 'Of several containers the name before each line, not the id'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from logs" -l color -d 'Each container in a colour of its own'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from logs" -l details -d 'Before each line the labels and variables that --log-opt labels=, env= and tag= name'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from logs" -s t -l timestamps -d 'The time before each line'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from logs" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from port" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from port" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from port" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from port" -s a -l all -d 'All running containers'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from port" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from port" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from mount" -l format -d 'The list as json' -r -f -a "json\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from mount" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from mount" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from mount" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from mount" -s a -l all -d 'All containers'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from mount" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from mount" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from unmount" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from unmount" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from unmount" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from unmount" -s a -l all -d 'All that are mounted'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from unmount" -s f -l force -d 'Accepted: what is in use goes when it is not any more'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from unmount" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from unmount" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from ps" -s f -l filter -d 'Only those for which KEY=VALUE holds: ancestor, before, command, exited, expose, id, label, label!, name, network, publish, since, status, until, volume' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from ps" -l format -d 'json, a Go template, or `table` and a template' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from ps" -s n -l last -d 'The newest N, whatever they do' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from ps" -l sort -d 'Order: command, created, id, image, names, runningfor, size, status' -r -f -a "command\t''
created\t''
id\t''
image\t''
names\t''
runningfor\t''
size\t''
status\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from ps" -s w -l watch -d 'Show it again every so many seconds' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from ps" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from ps" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from ps" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from ps" -s a -l all -d 'Also show those that do not run'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from ps" -s l -l latest -d 'The newest one, whatever it does'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from ps" -l no-trunc -l notruncate -d 'Whole ids and commands'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from ps" -l noheading -d 'No heading above the table'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from ps" -s q -l quiet -d 'Only ids'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from ps" -s s -l size -d 'What each has written, and with its image'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from ps" -l namespace -l ns -d 'Show the namespaces of each'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from ps" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from rename" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from rename" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from rename" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from rename" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from restart" -l cidfile -d 'A file that holds the container\'s id (may be repeated)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from restart" -s f -l filter -d 'Containers for which this holds, as KEY=VALUE (may be repeated)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from restart" -s s -l signal -d 'Signal that it gets in place of the container\'s own' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from restart" -s t -l time -l timeout -d 'Seconds to wait before SIGKILL; the container\'s own --stop-timeout (10) unless given' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from restart" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from restart" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from restart" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from restart" -s a -l all -d 'All containers, running or not'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from restart" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from restart" -l running -d 'All running containers'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from restart" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from rm" -l cidfile -d 'A file that holds the container\'s id (may be repeated)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from rm" -l filter -d 'Containers for which this holds, as KEY=VALUE (may be repeated)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from rm" -s t -l time -l timeout -d 'Seconds to wait before SIGKILL with --force; the container\'s own --stop-timeout unless given' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from rm" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from rm" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from rm" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from rm" -s a -l all -d 'All containers'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from rm" -l depend -d 'Also the containers that live in this one\'s namespaces'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from rm" -s f -l force -d 'Stop running containers first; broken ones are removed too'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from rm" -s i -l ignore -d 'No error for a container, or a file of --cidfile, that does not exist'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from rm" -l link -d 'Remove links, given as CONTAINER/ALIAS, not containers'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from rm" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from rm" -s v -l volumes -d 'Also its anonymous volumes, unless another container uses them'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l detach-keys -d 'Keys that detach from the terminal (default: ctrl-p,ctrl-q); "" is none' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l sig-proxy -d 'Pass signals on to the container' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l preserve-fds -d 'Pass on so many descriptors of the caller, from 3 on' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l preserve-fd -d 'Pass on these descriptors of the caller: 4,7' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l name -d 'Name of the container; made up when not given' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l cidfile -d 'Write the container\'s id to a file, which must not exist yet' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -s l -l label -d 'Set a label: KEY=VALUE' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l label-file -d 'Read labels from a file, one KEY=VALUE a line' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l annotation -d 'Set an annotation: KEY=VALUE' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l stop-signal -d 'What is sent to stop it: a signal\'s name or number (default: the image\'s, or SIGTERM)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l stop-timeout -d 'Seconds between the stop signal and SIGKILL (default: 10)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l timeout -d 'Seconds until it is killed whatever it does; 0 is never' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l pidfile -d 'Write the pid of the container\'s first process to a file' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l conmon-pidfile -d 'Write the pid of the container\'s supervisor to a file' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l pull -d 'When to pull the image: always, missing, never, newer (default: missing)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l platform -d 'Platform of the image: OS/ARCH[/VARIANT]' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l arch -d 'Architecture of the image' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l os -d 'Operating system of the image' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l variant -d 'Variant of the image\'s architecture' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l authfile -d 'The file with user names and passwords (default: $REGISTRY_AUTH_FILE, else the usual places)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l creds -d 'User name and password for the registry' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l cert-dir -d 'A directory with the registry\'s certificates (default: certs.d/REGISTRY)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l tls-verify -d 'Insist on HTTPS and known certificates (true), or on neither (false)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l retry -d 'How often a failed request is tried again (default: 3)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l retry-delay -d 'How long to wait in between, as in 5s (default: 2s, doubling each time)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l image-volume -d 'What becomes of the image\'s volumes: anonymous, tmpfs, ignore' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -s a -l attach -d 'Attach only these streams: stdin, stdout, stderr' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l entrypoint -d 'Command that replaces the image\'s entrypoint: a word or a JSON list; "" clears it' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -s e -l env -d 'Set a variable: KEY=VALUE, KEY for the host\'s value, PRE* for all of the host\'s beginning so' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l env-file -d 'Read variables from a file, one KEY=VALUE a line' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l env-merge -d 'Change a variable of the image: PATH=/opt/bin:${PATH}' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l unsetenv -d 'Unset a variable of the image' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l http-proxy -d 'Pass on the host\'s proxy variables' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -s u -l user -d 'Run as this user: NAME|UID[:GROUP|GID]' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l group-add -d 'Add a supplementary group, or keep-groups for those of the caller, unseen' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -s w -l workdir -d 'Directory to start in; made when it is missing' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l umask -d 'File mode creation mask, octal' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l ulimit -d 'Set a resource limit: nofile=1024:2048, or host for the caller\'s own limits' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l oom-score-adj -d 'How readily the kernel kills it when memory runs out: -1000 to 1000' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -s h -l hostname -d 'Name of the host inside the container' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l domainname -d 'Domain of that name: in /etc/hosts, and for NIS' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l network -l net -d 'Network: NAME[:ip=ADDRESS,ip6=ADDRESS,mac=ADDRESS,alias=NAME,interface_name=NAME] (may be repeated), none, host, container:NAME, ns:PATH, pasta or slirp4netns[:OPTION=VALUE,...] (default: box)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l network-alias -l net-alias -d 'Another name under which the container\'s neighbours find it' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l ip -d 'Fixed IPv4 address in its network' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l ip6 -d 'Fixed IPv6 address in its network' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l mac-address -d 'Fixed MAC address in its network' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l add-host -d 'Add a line to /etc/hosts: NAME:ADDRESS' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l dns -d 'Use this name server; none keeps the image\'s resolv.conf' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l dns-option -l dns-opt -d 'Add an option to resolv.conf' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l dns-search -d 'Search this domain' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l hosts-file -d 'What /etc/hosts begins with in place of the host\'s own: a file, image (its own one) or none' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l requires -d 'Start these containers before it' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l passwd-entry -d 'Line for /etc/passwd if it does not know --user\'s number; $USERNAME, $UID, $GID, $NAME and $HOME are filled in' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l group-entry -d 'Line for /etc/group if it does not know the group\'s number; $GROUPNAME, $GID and $USERLIST are filled in' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l hostuser -d 'Add a user of the host to the container\'s /etc/passwd' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l tz -d 'Time zone: AREA/CITY as in /usr/share/zoneinfo, or local for the host\'s own' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l expose -d 'Note that the container offers a port: PORT[-PORT][/PROTOCOL]' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l link -d 'Find another container under a name, with its ports in variables: CONTAINER[:ALIAS]' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -s p -l publish -d 'Pass a port of the host on to the container: [[IP:][HOST-PORT]:]PORT[/PROTOCOL], or ranges' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -s v -l volume -d 'Mount a directory of the host or a volume: [HOST-PATH:|VOLUME:]PATH[:OPTIONS]' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l volumes-from -d 'Mount the volumes of another container, running or not: NAME[:ro],...' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l mount -d 'Mount something: type=bind|volume|tmpfs|image|glob|devpts,source=PATH,target=PATH[,OPTION...]' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l tmpfs -d 'Mount a fresh tmpfs: PATH[:OPTIONS]' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l device -d 'Give it a device of the host: HOST-PATH[:PATH][:rwm]' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l read-only-tmpfs -d 'With --read-only: /run, /tmp and /var/tmp are writable' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l shm-size -d 'Size of /dev/shm (default: 64m)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l log-driver -d 'Driver of the log: k8s-file or none (default: k8s-file)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l log-opt -d 'Option of the log\'s driver: max-size=SIZE, max-file=NUMBER, path=FILE, and for `logs --details` env=NAMES, labels=NAMES, tag=TEXT' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l cap-add -d 'Add a capability, or ALL' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l cap-drop -d 'Drop a capability, or ALL' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l security-opt -d 'seccomp=FILE|unconfined, no-new-privileges, mask=PATH[:PATH], unmask=PATH[:PATH]|ALL' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l sysctl -d 'Set a kernel parameter of the container\'s own namespaces: KEY=VALUE' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l pid -d 'PID namespace: private, host, container:NAME' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l ipc -d 'IPC namespace: private, host, container:NAME' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l uts -d 'UTS namespace: private, host, container:NAME' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l cgroupns -d 'Cgroup namespace: private, host, container:NAME' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l userns -d 'User namespace: host (the caller is root inside), keep-id (the caller has its own ids inside, or those of keep-id:uid=UID,gid=GID), nomap (the caller is nobody inside), auto (ids that no other container with auto has, N of them with auto:size=N), private (the same ids in a namespace of its own), container:NAME, ns:PATH' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l uidmap -d 'Users in a namespace of its own: the first one inside, the first one outside (0 is the caller, its subordinate ids follow from 1 on; @UID is one of the host), how many; as in --uidmap 0:1:1000 --uidmap 1000:0:1. Letters before a row: + keeps all other ids as they are, u is for users alone, g for groups' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l gidmap -d 'Groups, in the same way; as the users if it is not given' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l subuidname -d 'The users that /etc/subuid gives to NAME, in a namespace of its own' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l subgidname -d 'The groups that /etc/subgid gives to NAME' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -s d -l detach -d 'Print the container\'s id and leave it running'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l rmi -d 'Remove the container and, if nothing else uses it, the image when it has ended'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l replace -d 'Remove a container that has the name first'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l rm -d 'Remove the container when it has ended'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -s q -l quiet -d 'Show no progress of a pull'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l rootfs -d 'Run a directory of the host: it stands in the image\'s place'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -s t -l tty -d 'Connect a terminal'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -s i -l interactive -d 'Keep standard input open'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l env-host -d 'Take over all of the host\'s variables'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l unsetenv-all -d 'Unset all variables of the image and of box'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l init -d 'Run box itself as PID 1: it reaps orphans and passes signals on'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l no-hosts -d 'Keep the image\'s /etc/hosts'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l no-hostname -d 'Keep the image\'s /etc/hostname'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -s P -l publish-all -d 'Publish every exposed port at a free port of the host'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l read-only -d 'The container\'s root is not writable'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from run" -l privileged -d 'All capabilities, no seccomp, no hidden paths, all devices that the caller may open'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from start" -l detach-keys -d 'Keys that detach from the terminal (default: ctrl-p,ctrl-q); "" is none' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from start" -s f -l filter -d 'Containers for which this holds, as KEY=VALUE (may be repeated)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from start" -l sig-proxy -d 'Pass signals on to the container; the default when attached' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from start" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from start" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from start" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from start" -l all -d 'All containers that do not run'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from start" -s a -l attach -d 'Attach standard output and standard error, and wait for the end'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from start" -s i -l interactive -d 'Attach standard input too'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from start" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from stop" -l cidfile -d 'A file that holds the container\'s id (may be repeated)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from stop" -s f -l filter -d 'Containers for which this holds, as KEY=VALUE (may be repeated)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from stop" -s s -l signal -d 'Signal that it gets in place of the container\'s own' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from stop" -s t -l time -l timeout -d 'Seconds to wait before SIGKILL; the container\'s own --stop-timeout (10) unless given' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from stop" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from stop" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from stop" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from stop" -s a -l all -d 'All running containers'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from stop" -s i -l ignore -d 'No error for a container, or a file of --cidfile, that does not exist'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from stop" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from top" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from top" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from top" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from top" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from top" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from wait" -l condition -d 'What to wait for: created, exited, removed, running, stopped (may be repeated: any of them)' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from wait" -s i -l interval -d 'How often to look where nobody tells: milliseconds, or 250ms, 1s' -r
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from wait" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from wait" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from wait" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from wait" -l ignore -d 'No error for a container that does not exist; its code is -1'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from wait" -l exit-first-match -d 'Return when the first of several containers has ended, and print its code'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from wait" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand container; and __fish_seen_subcommand_from wait" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand image; and not __fish_seen_subcommand_from diff history exists insert inspect prune tree mount unmount ls import load pull push rm save search tag untag" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and not __fish_seen_subcommand_from diff history exists insert inspect prune tree mount unmount ls import load pull push rm save search tag untag" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and not __fish_seen_subcommand_from diff history exists insert inspect prune tree mount unmount ls import load pull push rm save search tag untag" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand image; and not __fish_seen_subcommand_from diff history exists insert inspect prune tree mount unmount ls import load pull push rm save search tag untag" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand image; and not __fish_seen_subcommand_from diff history exists insert inspect prune tree mount unmount ls import load pull push rm save search tag untag" -f -a "diff" -d 'Show which files a container or an image\'s last layer changed'
complete -c box -n "__fish_box_using_subcommand image; and not __fish_seen_subcommand_from diff history exists insert inspect prune tree mount unmount ls import load pull push rm save search tag untag" -f -a "history" -d 'Show how an image came about'
complete -c box -n "__fish_box_using_subcommand image; and not __fish_seen_subcommand_from diff history exists insert inspect prune tree mount unmount ls import load pull push rm save search tag untag" -f -a "exists" -d 'Tell by the exit code whether an image is here: 0 if it is, 1 if not'
complete -c box -n "__fish_box_using_subcommand image; and not __fish_seen_subcommand_from diff history exists insert inspect prune tree mount unmount ls import load pull push rm save search tag untag" -f -a "insert" -d 'Make an image of another one and a file from the web'
complete -c box -n "__fish_box_using_subcommand image; and not __fish_seen_subcommand_from diff history exists insert inspect prune tree mount unmount ls import load pull push rm save search tag untag" -f -a "inspect" -d 'Show everything about images'
complete -c box -n "__fish_box_using_subcommand image; and not __fish_seen_subcommand_from diff history exists insert inspect prune tree mount unmount ls import load pull push rm save search tag untag" -f -a "prune" -d 'Remove images that have no name and that no container uses'
complete -c box -n "__fish_box_using_subcommand image; and not __fish_seen_subcommand_from diff history exists insert inspect prune tree mount unmount ls import load pull push rm save search tag untag" -f -a "tree" -d 'Show an image\'s layers, and what else ends at them'
complete -c box -n "__fish_box_using_subcommand image; and not __fish_seen_subcommand_from diff history exists insert inspect prune tree mount unmount ls import load pull push rm save search tag untag" -f -a "mount" -d 'Show images\' files as directories, inside `box unshare`'
complete -c box -n "__fish_box_using_subcommand image; and not __fish_seen_subcommand_from diff history exists insert inspect prune tree mount unmount ls import load pull push rm save search tag untag" -f -a "unmount" -d 'Take images\' files away from where `image mount` put them'
complete -c box -n "__fish_box_using_subcommand image; and not __fish_seen_subcommand_from diff history exists insert inspect prune tree mount unmount ls import load pull push rm save search tag untag" -f -a "ls" -d 'List images'
complete -c box -n "__fish_box_using_subcommand image; and not __fish_seen_subcommand_from diff history exists insert inspect prune tree mount unmount ls import load pull push rm save search tag untag" -f -a "import" -d 'Make an image of one layer from a tarball of a root file system'
complete -c box -n "__fish_box_using_subcommand image; and not __fish_seen_subcommand_from diff history exists insert inspect prune tree mount unmount ls import load pull push rm save search tag untag" -f -a "load" -d 'Load images from an archive'
complete -c box -n "__fish_box_using_subcommand image; and not __fish_seen_subcommand_from diff history exists insert inspect prune tree mount unmount ls import load pull push rm save search tag untag" -f -a "pull" -d 'Pull images from a registry'
complete -c box -n "__fish_box_using_subcommand image; and not __fish_seen_subcommand_from diff history exists insert inspect prune tree mount unmount ls import load pull push rm save search tag untag" -f -a "push" -d 'Push an image to a registry, or to another place'
complete -c box -n "__fish_box_using_subcommand image; and not __fish_seen_subcommand_from diff history exists insert inspect prune tree mount unmount ls import load pull push rm save search tag untag" -f -a "rm" -d 'Remove one or more images'
complete -c box -n "__fish_box_using_subcommand image; and not __fish_seen_subcommand_from diff history exists insert inspect prune tree mount unmount ls import load pull push rm save search tag untag" -f -a "save" -d 'Save images to an archive'
complete -c box -n "__fish_box_using_subcommand image; and not __fish_seen_subcommand_from diff history exists insert inspect prune tree mount unmount ls import load pull push rm save search tag untag" -f -a "search" -d 'Search a registry for images'
complete -c box -n "__fish_box_using_subcommand image; and not __fish_seen_subcommand_from diff history exists insert inspect prune tree mount unmount ls import load pull push rm save search tag untag" -f -a "tag" -d 'Give an image another name'
complete -c box -n "__fish_box_using_subcommand image; and not __fish_seen_subcommand_from diff history exists insert inspect prune tree mount unmount ls import load pull push rm save search tag untag" -f -a "untag" -d 'Take names away from an image'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from diff" -l format -d 'json' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from diff" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from diff" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from diff" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from diff" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from diff" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from history" -l format -d 'json, a Go template, or `table` and a template' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from history" -s H -l human -d 'Times and sizes for people (true), or exact (false)' -r -f -a "true\t''
false\t''"
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from history" -l platform -d 'Only the image for this platform: OS/ARCH[/VARIANT]' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from history" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from history" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from history" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from history" -l no-trunc -l notruncate -d 'Whole ids and commands'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from history" -s q -l quiet -d 'Only ids'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from history" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from exists" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from exists" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from exists" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from exists" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from insert" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from insert" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from insert" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from insert" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from inspect" -s f -l format -d 'json, or a Go template' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from inspect" -l platform -d 'Only the image for this platform: OS/ARCH[/VARIANT]' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from inspect" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from inspect" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from inspect" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from prune" -l filter -d 'Only images for which this holds: label=KEY[=VALUE], label!=…, until=TIME (may be repeated)' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from prune" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from prune" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from prune" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from prune" -s a -l all -d 'Also images with a name, if no container uses them'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from prune" -s f -l force -d 'Do not ask'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from tree" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from tree" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from tree" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from tree" -l whatrequires -d 'The layers and images that stand on this image'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from tree" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from mount" -l format -d 'The list as json' -r -f -a "json\t''"
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from mount" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from mount" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from mount" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from mount" -s a -l all -d 'All images'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from mount" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from unmount" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from unmount" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from unmount" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from unmount" -s a -l all -d 'All that are mounted'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from unmount" -s f -l force -d 'Accepted: what is in use goes when it is not any more'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from unmount" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from ls" -s f -l filter -d 'Only those for which KEY=VALUE holds: after, before, containers, dangling, id, label, label!, reference, since, until' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from ls" -l format -d 'json, a Go template, or `table` and a template' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from ls" -l sort -d 'Order: created, id, repository, size, tag' -r -f -a "created\t''
id\t''
repository\t''
size\t''
tag\t''"
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from ls" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from ls" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from ls" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from ls" -s a -l all -d 'Also show what is no image by itself (nothing in box)'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from ls" -l digests -d 'Show the digests of the manifests'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from ls" -l history -d 'Show the names that each had before'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from ls" -l no-trunc -l notruncate -d 'Whole ids'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from ls" -s n -l noheading -d 'No heading above the table'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Only ids'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from ls" -l tree -d 'All layers as a tree, with the images that end at each'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from ls" -l viz -d 'The same as a picture for Graphviz: box images --viz | dot -Tsvg'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from import" -s c -l change -d 'Change the image\'s configuration by a Dockerfile instruction: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, SHELL, STOPSIGNAL, USER, VOLUME, WORKDIR' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from import" -s m -l message -d 'The remark in the image\'s history' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from import" -l arch -d 'The architecture that the files are for; this machine\'s unless given' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from import" -l os -d 'The operating system that the files are for' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from import" -l variant -d 'The variant of the architecture, v7 for example' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from import" -l platform -d 'OS/ARCH[/VARIANT] of what is in it' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from import" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from import" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from import" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from import" -s q -l quiet -d 'Print the id only'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from load" -s i -l input -d 'An archive or a directory instead of standard input' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from load" -l platform -d 'Only the image for this platform: OS/ARCH[/VARIANT]' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from load" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from load" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from load" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from load" -s q -l quiet -d 'Print nothing but the names'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from load" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from pull" -l platform -d 'The platform, OS/ARCH or OS/ARCH/VARIANT; this machine\'s unless given' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from pull" -l arch -d 'The architecture' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from pull" -l os -d 'The operating system' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from pull" -l variant -d 'The variant of the architecture, v7 for example' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from pull" -l policy -d 'When to ask the registry: always, missing, newer or never' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from pull" -l authfile -d 'The file with user names and passwords (default: $REGISTRY_AUTH_FILE, else the usual places)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from pull" -l creds -d 'User name and password for the registry' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from pull" -l cert-dir -d 'A directory with the registry\'s certificates (default: certs.d/REGISTRY)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from pull" -l tls-verify -d 'Insist on HTTPS and known certificates (true), or on neither (false)' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from pull" -l retry -d 'How often a failed request is tried again (default: 3)' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from pull" -l retry-delay -d 'How long to wait in between, as in 5s (default: 2s, doubling each time)' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from pull" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from pull" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from pull" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from pull" -s a -l all-tags -d 'Pull every tag of the repository'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from pull" -s q -l quiet -d 'Show no progress'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from pull" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from push" -l compression-format -d 'How plain layers are packed: gzip or zstd; those that are packed otherwise, too' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from push" -l compression-level -d 'gzip: 1 to 9 (5 unless given); zstd: 1 to 22 (3)' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from push" -l force-compression -d 'Pack layers again that are packed otherwise (true if --compression-format is given)' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from push" -l digestfile -d 'Write the digest that the image has there to this file' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from push" -s f -l format -d 'The manifest\'s format: oci or v2s2; as it is unless given' -r -f -a "oci\t''
v2s2\t''
v2s1\t''"
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from push" -l platform -d 'Only the image for this platform' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from push" -l authfile -d 'The file with user names and passwords (default: $REGISTRY_AUTH_FILE, else the usual places)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from push" -l creds -d 'User name and password for the registry' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from push" -l cert-dir -d 'A directory with the registry\'s certificates (default: certs.d/REGISTRY)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from push" -l tls-verify -d 'Insist on HTTPS and known certificates (true), or on neither (false)' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from push" -l retry -d 'How often a failed request is tried again (default: 3)' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from push" -l retry-delay -d 'How long to wait in between, as in 5s (default: 2s, doubling each time)' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from push" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from push" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from push" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from push" -s a -l all-tags -d 'Every tag of the repository that is here'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from push" -l compress -d 'Pack plain layers with gzip for a dir: as well'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from push" -s q -l quiet -d 'Show no progress'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from push" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from rm" -l platform -d 'Only the image for this platform: OS/ARCH[/VARIANT]' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from rm" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from rm" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from rm" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from rm" -s a -l all -d 'All images'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from rm" -s f -l force -d 'Also images that containers use, with these containers, and images with several names by id'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from rm" -s i -l ignore -d 'No error for an image that does not exist'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from save" -l format -d 'docker-archive (as docker save), oci-archive, oci-dir (an OCI layout), or docker-dir (dir:)' -r -f -a "docker-archive\t''
oci-archive\t''
oci-dir\t''
docker-dir\t''"
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from save" -s o -l output -d 'The file, or the directory, to write to' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from save" -l platform -d 'Only the image for this platform: OS/ARCH[/VARIANT]' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from save" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from save" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from save" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from save" -l compress -d 'Pack plain layers with gzip; with --format docker-dir only'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from save" -s m -l multi-image-archive -d 'Each word is an image, not one more name of the first; here that is told by what it names'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from save" -s q -l quiet -d 'Show no progress'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from save" -l uncompressed -d 'Leave plain layers plain, as is done anyway'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from save" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from search" -l limit -d 'The most results of each registry' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from search" -s f -l filter -d 'Only what is so: stars=NUMBER, is-official, is-automated' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from search" -l format -d 'json, a Go template, or `table` and a template' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from search" -l authfile -d 'The file with user names and passwords (default: $REGISTRY_AUTH_FILE, else the usual places)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from search" -l creds -d 'User name and password for the registry' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from search" -l cert-dir -d 'A directory with the registry\'s certificates (default: certs.d/REGISTRY)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from search" -l tls-verify -d 'Insist on HTTPS and known certificates (true), or on neither (false)' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from search" -l retry -d 'How often a failed request is tried again (default: 3)' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from search" -l retry-delay -d 'How long to wait in between, as in 5s (default: 2s, doubling each time)' -r
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from search" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from search" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from search" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from search" -l list-tags -d 'List the tags of a repository'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from search" -l no-trunc -l notrunc -d 'Whole descriptions'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from search" -l compatible -d 'Also show stars, and what is official and automated, as docker does'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from search" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from tag" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from tag" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from tag" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from tag" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from untag" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from untag" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from untag" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand image; and __fish_seen_subcommand_from untag" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand network; and not __fish_seen_subcommand_from connect disconnect create exists inspect ls prune reload rm update" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand network; and not __fish_seen_subcommand_from connect disconnect create exists inspect ls prune reload rm update" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand network; and not __fish_seen_subcommand_from connect disconnect create exists inspect ls prune reload rm update" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand network; and not __fish_seen_subcommand_from connect disconnect create exists inspect ls prune reload rm update" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand network; and not __fish_seen_subcommand_from connect disconnect create exists inspect ls prune reload rm update" -f -a "connect" -d 'Connect a container to a network, running or not'
complete -c box -n "__fish_box_using_subcommand network; and not __fish_seen_subcommand_from connect disconnect create exists inspect ls prune reload rm update" -f -a "disconnect" -d 'Disconnect a container from a network, running or not'
complete -c box -n "__fish_box_using_subcommand network; and not __fish_seen_subcommand_from connect disconnect create exists inspect ls prune reload rm update" -f -a "create" -d 'Make a network for containers'
complete -c box -n "__fish_box_using_subcommand network; and not __fish_seen_subcommand_from connect disconnect create exists inspect ls prune reload rm update" -f -a "exists" -d 'Say by the exit code whether a network exists: 0 or 1'
complete -c box -n "__fish_box_using_subcommand network; and not __fish_seen_subcommand_from connect disconnect create exists inspect ls prune reload rm update" -f -a "inspect" -d 'Show all that is known of networks'
complete -c box -n "__fish_box_using_subcommand network; and not __fish_seen_subcommand_from connect disconnect create exists inspect ls prune reload rm update" -f -a "ls" -d 'List networks'
complete -c box -n "__fish_box_using_subcommand network; and not __fish_seen_subcommand_from connect disconnect create exists inspect ls prune reload rm update" -f -a "prune" -d 'Remove the networks that no container uses'
complete -c box -n "__fish_box_using_subcommand network; and not __fish_seen_subcommand_from connect disconnect create exists inspect ls prune reload rm update" -f -a "reload" -d 'Nothing has to be reloaded: box has no firewall rules that could get lost'
complete -c box -n "__fish_box_using_subcommand network; and not __fish_seen_subcommand_from connect disconnect create exists inspect ls prune reload rm update" -f -a "rm" -d 'Remove networks'
complete -c box -n "__fish_box_using_subcommand network; and not __fish_seen_subcommand_from connect disconnect create exists inspect ls prune reload rm update" -f -a "update" -d 'Change the name servers that a network asks for names that no container has'
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from connect" -l alias -d 'Another name under which its neighbours find it (may be repeated)' -r
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from connect" -l interface-name -d 'Name of the interface in the container' -r
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from connect" -l ip -d 'Fixed IPv4 address' -r
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from connect" -l ip6 -d 'Fixed IPv6 address' -r
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from connect" -l mac-address -d 'Fixed MAC address' -r
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from connect" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from connect" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from connect" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from connect" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from disconnect" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from disconnect" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from disconnect" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from disconnect" -s f -l force -d 'Accepted: it always works so'
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from disconnect" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from create" -l dns -d 'Name server for what is no container\'s name (may be repeated)' -r
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from create" -s d -l driver -d 'Kind of network: bridge' -r
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from create" -l gateway -d 'The bridge\'s own address, once for each --subnet; the first of the subnet unless given' -r
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from create" -l interface-name -d 'Name of the bridge' -r
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from create" -l ip-range -d 'Where containers\' addresses come from, once for each --subnet: a subnet or FIRST-LAST' -r
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from create" -l ipam-driver -d 'Who gives addresses: host-local' -r
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from create" -l ipv6 -d 'IPv6 too' -r
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from create" -l label -d 'Label: KEY=VALUE (may be repeated)' -r
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from create" -s o -l opt -d 'Option (may be repeated): mtu=BYTES, isolate=true, no_default_route=true, metric=NUMBER' -r
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from create" -l route -d 'Route in its containers: SUBNET,GATEWAY[,METRIC] (may be repeated)' -r
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from create" -l subnet -d 'Subnet, as in 10.20.0.0/24; one of IPv4 and one of IPv6' -r
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from create" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from create" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from create" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from create" -l disable-dns -d 'Do not resolve the names of containers'
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from create" -l ignore -d 'No error if there is a network of that name'
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from create" -l internal -d 'No way out: its containers only reach each other'
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from exists" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from exists" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from exists" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from exists" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from inspect" -s f -l format -d 'json, or a Go template' -r
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from inspect" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from inspect" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from inspect" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from ls" -s f -l filter -d 'Only those for which KEY=VALUE holds: dangling, driver, id, internal, label, label!, name, scope, type, until' -r
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from ls" -l format -d 'json, a Go template, or `table` and a template' -r
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from ls" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from ls" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from ls" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from ls" -l no-trunc -d 'Whole ids'
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from ls" -s n -l noheading -d 'No heading above the table'
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Only names'
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from prune" -l filter -d 'Only networks for which this holds: label=KEY[=VALUE], label!=…, until=TIME (may be repeated)' -r
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from prune" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from prune" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from prune" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from prune" -s f -l force -d 'Do not ask'
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from reload" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from reload" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from reload" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from reload" -s a -l all -d 'All running containers'
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from reload" -s l -l latest -d 'The newest container'
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from reload" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from rm" -s t -l time -d 'Seconds to wait before SIGKILL with --force; the container\'s own --stop-timeout unless given' -r
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from rm" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from rm" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from rm" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from rm" -s f -l force -d 'Also the containers that use it'
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from update" -l dns-add -d 'Ask this one too (may be repeated, or several with commas between)' -r
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from update" -l dns-drop -d 'Ask this one no more (may be repeated, or several with commas between)' -r
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from update" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from update" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from update" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand network; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand system; and not __fish_seen_subcommand_from info check df prune reset" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand system; and not __fish_seen_subcommand_from info check df prune reset" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand system; and not __fish_seen_subcommand_from info check df prune reset" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand system; and not __fish_seen_subcommand_from info check df prune reset" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand system; and not __fish_seen_subcommand_from info check df prune reset" -f -a "info" -d 'Show this host, the store and the version'
complete -c box -n "__fish_box_using_subcommand system; and not __fish_seen_subcommand_from info check df prune reset" -f -a "check" -d 'Look for what is wrong with the store'
complete -c box -n "__fish_box_using_subcommand system; and not __fish_seen_subcommand_from info check df prune reset" -f -a "df" -d 'Show how much of the disk images, containers and volumes take'
complete -c box -n "__fish_box_using_subcommand system; and not __fish_seen_subcommand_from info check df prune reset" -f -a "prune" -d 'Remove what nobody uses'
complete -c box -n "__fish_box_using_subcommand system; and not __fish_seen_subcommand_from info check df prune reset" -f -a "reset" -d 'Remove all containers, all images and everything else that box keeps'
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from info" -s f -l format -d '`json`, or a Go template' -r
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from info" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from info" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from info" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from info" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from check" -s m -l max -d 'How old something must be to be left over, such as 90m or 24h' -r
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from check" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from check" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from check" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from check" -s f -l force -d 'Mend what can be mended, and remove containers that cannot'
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from check" -s q -l quick -d 'Do not read the content of blobs and layers'
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from check" -s r -l repair -d 'Mend what can be mended'
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from df" -l format -d 'json, a Go template, or `table` and a template' -r
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from df" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from df" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from df" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from df" -s v -l verbose -d 'Show each image, container and volume; templates then see .Images, .Containers and .Volumes'
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from df" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from prune" -l filter -d 'Only that for which this holds: label=KEY[=VALUE], label!=…, until=TIME (may be repeated)' -r
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from prune" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from prune" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from prune" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from prune" -s a -l all -d 'Also images that have a name, if no container uses them'
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from prune" -s f -l force -d 'Do not ask'
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from prune" -l volumes -d 'Also all volumes that no container uses, with their data'
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from prune" -l dry-run -d 'Say what would be removed, and remove nothing'
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from prune" -l policy -d 'Only the images that [gc] of config.toml gives up, as after each pull, load, import and commit: keep = "20GB" is how much of the disk images may take, unused = "14d" how long nothing was made from them'
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from reset" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from reset" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from reset" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from reset" -s f -l force -d 'Do not ask'
complete -c box -n "__fish_box_using_subcommand system; and __fish_seen_subcommand_from reset" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls mount prune rm unmount" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls mount prune rm unmount" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls mount prune rm unmount" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls mount prune rm unmount" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls mount prune rm unmount" -f -a "create" -d 'Create a volume'
complete -c box -n "__fish_box_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls mount prune rm unmount" -f -a "exists" -d 'Whether a volume exists: the exit code is 0 if it does, 1 if not'
complete -c box -n "__fish_box_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls mount prune rm unmount" -f -a "export" -d 'Write what is in a volume to a tar archive'
complete -c box -n "__fish_box_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls mount prune rm unmount" -f -a "import" -d 'Add what is in a tar archive to a volume'
complete -c box -n "__fish_box_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls mount prune rm unmount" -f -a "inspect" -d 'Show everything about volumes'
complete -c box -n "__fish_box_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls mount prune rm unmount" -f -a "ls" -d 'List volumes'
complete -c box -n "__fish_box_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls mount prune rm unmount" -f -a "mount" -d 'Print where the files of volumes are on the host'
complete -c box -n "__fish_box_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls mount prune rm unmount" -f -a "prune" -d 'Remove all volumes that no container uses'
complete -c box -n "__fish_box_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls mount prune rm unmount" -f -a "rm" -d 'Remove one or more volumes'
complete -c box -n "__fish_box_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls mount prune rm unmount" -f -a "unmount" -d 'End what `box volume mount` began: nothing has to be done'
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from create" -s d -l driver -d 'Driver of the volume: local, or image, which fills it with the files of one' -r
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from create" -s l -l label -d 'Set a label: KEY=VALUE' -r
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from create" -s o -l opt -d 'Set an option: type=tmpfs|none, device=DIRECTORY, o=OPTION[,OPTION...], copy, nocopy; image=IMAGE' -r
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from create" -l uid -d 'The user that it belongs to, by number; as in the image or the container otherwise' -r
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from create" -l gid -d 'The group that it belongs to, by number' -r
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from create" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from create" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from create" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from create" -l ignore -d 'No error if there is a volume of this name'
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from exists" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from exists" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from exists" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from exists" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from export" -s o -l output -d 'Write to a file instead of standard output' -r -F
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from export" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from export" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from export" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from import" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from import" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from import" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from inspect" -s f -l format -d 'json, or a Go template' -r
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from inspect" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from inspect" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from inspect" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from inspect" -s a -l all -d 'All volumes'
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from ls" -s f -l filter -d 'Only those for which KEY=VALUE holds: after, anonymous, dangling, driver, label, label!, name, opt, scope, since, until' -r
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from ls" -l format -d 'json, a Go template, or `table` and a template' -r
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from ls" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from ls" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from ls" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from ls" -s n -l noheading -d 'No heading above the table'
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Only names'
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from mount" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from mount" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from mount" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from mount" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from prune" -l filter -d 'Only volumes for which this holds: anonymous=BOOL, label=KEY[=VALUE], label!=…, name=…, since=TIME, until=TIME (may be repeated)' -r
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from prune" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from prune" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from prune" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from prune" -s f -l force -d 'Do not ask'
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from rm" -s t -l time -l timeout -d 'Seconds to wait before SIGKILL with --force; the container\'s own --stop-timeout unless given' -r
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from rm" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from rm" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from rm" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from rm" -s a -l all -d 'All volumes'
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from rm" -s f -l force -d 'Also the containers that use it; no error for a volume that does not exist'
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help'
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from unmount" -l root -d 'Directory of images and containers (or BOX_ROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from unmount" -l runroot -d 'Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)' -r -F
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from unmount" -l log-level -d 'How much is said on stderr: error, warn, info, debug (prints the launch plan), trace' -r -f -a "trace\t''
debug\t''
info\t''
warn\t''
warning\t''
error\t''
fatal\t''
panic\t''"
complete -c box -n "__fish_box_using_subcommand volume; and __fish_seen_subcommand_from unmount" -s h -l help -d 'Print help'

# The names of containers, images, networks and volumes where one is wanted, asked of box itself.
function __box_names
    set -l words (commandline -opc)
    $words[1] __complete $words[2..-1] (commandline -ct) 2>/dev/null | string replace -r '^--[^=]*=' ''
end
complete -c box -n 'test -n "$(__box_names)"' -f -a '(__box_names)'
complete -c box -l cgroupns -x -a '(__box_names)'
complete -c box -l filter -x -a '(__box_names)'
complete -c box -l format -x -a '(__box_names)'
complete -c box -l ipc -x -a '(__box_names)'
complete -c box -l link -x -a '(__box_names)'
complete -c box -l log-driver -x -a '(__box_names)'
complete -c box -l net -x -a '(__box_names)'
complete -c box -l network -x -a '(__box_names)'
complete -c box -l pid -x -a '(__box_names)'
complete -c box -l platform -x -a '(__box_names)'
complete -c box -l pull -x -a '(__box_names)'
complete -c box -l requires -x -a '(__box_names)'
complete -c box -l signal -x -a '(__box_names)'
complete -c box -l stop-signal -x -a '(__box_names)'
complete -c box -l userns -x -a '(__box_names)'
complete -c box -l uts -x -a '(__box_names)'
complete -c box -l volume -x -a '(__box_names)'
complete -c box -l volumes-from -x -a '(__box_names)'
complete -c box -n '__fish_seen_subcommand_from create' -s v -x -a '(__box_names)'
complete -c box -n '__fish_seen_subcommand_from doctor' -s f -x -a '(__box_names)'
complete -c box -n '__fish_seen_subcommand_from images' -s f -x -a '(__box_names)'
complete -c box -n '__fish_seen_subcommand_from info' -s f -x -a '(__box_names)'
complete -c box -n '__fish_seen_subcommand_from inspect' -s f -x -a '(__box_names)'
complete -c box -n '__fish_seen_subcommand_from kill' -s s -x -a '(__box_names)'
complete -c box -n '__fish_seen_subcommand_from ls' -s f -x -a '(__box_names)'
complete -c box -n '__fish_seen_subcommand_from ps' -s f -x -a '(__box_names)'
complete -c box -n '__fish_seen_subcommand_from restart' -s f -x -a '(__box_names)'
complete -c box -n '__fish_seen_subcommand_from restart' -s s -x -a '(__box_names)'
complete -c box -n '__fish_seen_subcommand_from run' -s v -x -a '(__box_names)'
complete -c box -n '__fish_seen_subcommand_from start' -s f -x -a '(__box_names)'
complete -c box -n '__fish_seen_subcommand_from stop' -s f -x -a '(__box_names)'
complete -c box -n '__fish_seen_subcommand_from stop' -s s -x -a '(__box_names)'
complete -c box -n '__fish_seen_subcommand_from version' -s f -x -a '(__box_names)'

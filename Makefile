# What a person or CI does with this tree; each target is one script in scripts/.

PREFIX  ?= /usr/local
DESTDIR ?=
TARGET  := $(or $(CARGO_TARGET_DIR),target)

.PHONY: run test stress bench build install dist clean

## run: puts a normal user into a shell in a container, from nothing
run:
	@scripts/run

## test: the whole suite, with the real binary and real users (as root, or through sudo)
test:
	@scripts/test

## stress: the kill matrix a thousand times, and a thousand concurrent starts
stress:
	@scripts/stress

## bench: times box against its peers in one run; `scripts/bench ROW…` for some rows
bench:
	@scripts/bench

## build: the release binary, target/release/box
build:
	@scripts/build

## install: into $(DESTDIR)$(PREFIX)
install: build
	install -D -m 755 $(TARGET)/release/box $(DESTDIR)$(PREFIX)/bin/box
	for page in man/*.1; do [ ! -e $$page ] || install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 $$page; done
	[ ! -e completions/box.bash ] || install -D -m 644 completions/box.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/box
	[ ! -e completions/_box ] || install -D -m 644 completions/_box $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_box
	[ ! -e completions/box.fish ] || install -D -m 644 completions/box.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/box.fish

## dist: dist/box, fully static, for any distribution
dist:
	@scripts/dist

clean:
	rm -rf target dist

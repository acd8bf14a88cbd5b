//! /etc/hosts, /etc/resolv.conf and /etc/hostname.

/* The acts that the self-test tries: one function each, run in a child of its own behind the layers. */
#pragma once

#include <netinet/in.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/un.h>

/* What stands outside, ready to be reached if nothing holds. */
struct probe_scene {
	char dir[64], file[96], other[96];     /* a folder, a file in it, a name in it that is free */
	int leaked;                            /* a descriptor of that file, inherited */
	int listener, datagram, abstract;      /* sockets */
	struct sockaddr_in tcp, udp;
	struct sockaddr_un unix_name;          /* abstract */
	socklen_t unix_len;
	pid_t parent;
	char secret[16];                       /* at the same address in the parent */
};

struct probe {
	const char *name;
	int (*act)(struct probe_scene *s);     /* 0: it worked; else the errno */
	int needed;                            /* 1: must work behind all layers; 0: must not */
};

extern const struct probe probes[];
extern const size_t nprobes;

/**
 * Numbers of rtnetlink(7) by the names of Linux's headers. Netlink speaks the byte order of its host; this one is
 * written for little-endian hosts, which are all that the netlink package has binaries for.
 */

/** Octets of struct nlmsghdr. */
export const HEADER_OCTETS = 16;

/** nlmsg_type. */
export const TYPE = {
  NLMSG_NOOP: 1, NLMSG_ERROR: 2, NLMSG_DONE: 3, NLMSG_OVERRUN: 4,
  RTM_NEWLINK: 16, RTM_DELLINK: 17, RTM_GETLINK: 18, RTM_NEWADDR: 20, RTM_DELADDR: 21, RTM_GETADDR: 22,
  RTM_NEWROUTE: 24, RTM_DELROUTE: 25, RTM_GETROUTE: 26,
} as const;

/** nlmsg_flags. From 0x100 on they mean one thing in a change, another in a dump's request, a third in an answer. */
export const FLAG = {
  REQUEST: 0x1, ACK: 0x4, DUMP_INTR: 0x10, DUMP: 0x300, REPLACE: 0x100, EXCL: 0x200, CREATE: 0x400,
  CAPPED: 0x100, ACK_TLVS: 0x200,
} as const;

/** rta_type of routes. */
export const RTA = {
  DST: 1, OIF: 4, GATEWAY: 5, PRIORITY: 6, PREFSRC: 7, MULTIPATH: 9, TABLE: 15, VIA: 18,
} as const;

/** rtm_type ↔ word. */
export const ROUTE_TYPE = { unicast: 1, blackhole: 6, unreachable: 7, prohibit: 8 } as const;

/** rtnh_flags, which are also the low octet of rtm_flags. */
export const NEXT_HOP_FLAG = { DEAD: 1, ONLINK: 4 } as const;
/** rtm_flags: a cache entry, no route. */
export const RTM_F_CLONED = 0x200;

/** rtm_scope. */
export const SCOPE = { UNIVERSE: 0, LINK: 253, HOST: 254, NOWHERE: 255 } as const;

/** Address families of Linux. */
export const AF = { UNSPEC: 0, INET: 2, INET6: 10 } as const;

/** ifi_flags. */
export const IFF = { UP: 0x1, LOOPBACK: 0x8, RUNNING: 0x40 } as const;
/** The index of the loopback interface, in every namespace. */
export const LOOPBACK_INDEX = 1;
/** Attributes of a link. */
export const IFLA_IFNAME = 3;
/** Attributes of an address. */
export const IFA = { ADDRESS: 1, LOCAL: 2 } as const;
/** Attribute of an error: the kernel's words. */
export const NLMSGERR_ATTR_MSG = 1;

/** Groups to subscribe to for everything that `KernelEvent` says: RTNLGRP_LINK and IPv4's and IPv6's address, route. */
export const GROUPS: readonly number[] = [1, 5, 9, 7, 11];

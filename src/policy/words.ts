/** The words of ACL files. */

/** The kinds of access a `files:` rule may grant or deny. */
export const ACCESSES = ['read', 'write', 'create', 'execute', 'stat'] as const;

/** The name spaces a `names:` rule may open. */
export const NAME_SPACES = ['abstract', 'netlink', 'vsock', 'keyring', 'sysv', 'mqueue', 'family'] as const;

/** The AF_ constants of include/linux/socket.h in lower case, as questions name them. */
export const FAMILIES = (
  'unspec unix inet ax25 ipx appletalk netrom bridge atmpvc x25 inet6 rose decnet netbeui security key netlink packet ' +
  'ash econet atmsvc rds sna irda pppox wanpipe llc ib mpls can tipc bluetooth iucv rxrpc isdn phonet ieee802154 caif ' +
  'alg nfc vsock kcm qipcrtr smc xdp mctp'
).split(' ');

/** Verdicts a `syscalls:` entry may give by one word. */
export const VERDICT_WORDS = ['allow', 'log', 'warn', 'native', 'kill'] as const;

/** Types of sockets, as questions name them. */
export const SOCKET_TYPES = ['stream', 'dgram', 'seqpacket', 'raw', 'other'] as const;

/** Kinds of questions that `otherwise:` tells apart. `unix` is reaching a socket by its path, `unix-bind` making one. */
export const KINDS = [...ACCESSES, 'socket', 'connect', 'bind', 'send', 'unix', 'unix-bind', ...NAME_SPACES] as const;
export type Kind = (typeof KINDS)[number];

/** What `otherwise:` may say beside the name of an errno. */
export const OTHERWISE_WORDS = ['allow', 'log', 'kill'] as const;

/** What stands for all calls that `syscalls:` does not list. */
export const UNLISTED_CALLS = '*';

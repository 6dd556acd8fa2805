/** Calls that no program in the sandbox gets, each with its reason. `sandbox syscalls` prints them. */
import { denied, family } from './dsl.js';

const MOUNTS = "the tree of mounts is the host's";
const MODULES = "the kernel is the host's";
const HOST = 'it concerns the whole machine';
const PORTS = "I/O ports are the host's";
const RING = 'requests in shared memory would never be judged';
const NAMESPACES = 'namespaces change what a judged name means';
const HANDLES = 'a handle opens a file without a path to judge';
const WATCH = 'its events carry open descriptors of judged and unjudged files';
const STACKING = 'the program is confined already, and the trustee must not be';
const NONE = 'the kernel has none';

export const deniedCalls = family({
  mount: denied(21, 'EPERM', MOUNTS),
  umount: denied(22, 'EPERM', MOUNTS),
  umount2: denied(52, 'EPERM', MOUNTS),
  pivot_root: denied(217, 'EPERM', MOUNTS),
  open_tree: denied(428, 'EPERM', MOUNTS),
  open_tree_attr: denied(467, 'EPERM', MOUNTS),
  move_mount: denied(429, 'EPERM', MOUNTS),
  fsopen: denied(430, 'EPERM', MOUNTS),
  fsconfig: denied(431, 'EPERM', MOUNTS),
  fsmount: denied(432, 'EPERM', MOUNTS),
  fspick: denied(433, 'EPERM', MOUNTS),
  mount_setattr: denied(442, 'EPERM', MOUNTS),
  statmount: denied(457, 'EPERM', MOUNTS),
  listmount: denied(458, 'EPERM', MOUNTS),
  unshare: denied(310, 'EPERM', NAMESPACES),
  setns: denied(346, 'EPERM', NAMESPACES),
  listns: denied(470, 'EPERM', 'it lists the namespaces of the host'),
  name_to_handle_at: denied(341, 'EPERM', HANDLES),
  open_by_handle_at: denied(342, 'EPERM', HANDLES),
  fanotify_init: denied(338, 'EPERM', WATCH),
  fanotify_mark: denied(339, 'EPERM', WATCH),

  init_module: denied(128, 'EPERM', MODULES),
  finit_module: denied(350, 'EPERM', MODULES),
  delete_module: denied(129, 'EPERM', MODULES),
  kexec_load: denied(283, 'EPERM', MODULES),
  bpf: denied(357, 'EPERM', MODULES),
  perf_event_open: denied(336, 'EACCES', 'it observes other processes'),
  userfaultfd: denied(374, 'EPERM', 'it would hold up the helper while it reads memory'),
  iopl: denied(110, 'EPERM', PORTS),
  ioperm: denied(101, 'EPERM', PORTS),
  vm86: denied(166, 'EPERM', 'calls from virtual 8086 mode would not be judged'),
  vm86old: denied(113, 'EPERM', 'calls from virtual 8086 mode would not be judged'),

  reboot: denied(88, 'EPERM', HOST),
  swapon: denied(87, 'EPERM', HOST),
  swapoff: denied(115, 'EPERM', HOST),
  acct: denied(51, 'EPERM', HOST),
  quotactl: denied(131, 'EPERM', HOST),
  quotactl_fd: denied(443, 'EPERM', HOST),
  syslog: denied(103, 'EPERM', HOST),
  sethostname: denied(74, 'EPERM', HOST),
  setdomainname: denied(121, 'EPERM', HOST),
  vhangup: denied(111, 'EPERM', 'it hangs up the terminal of the helper'),
  lookup_dcookie: denied(253, 'EPERM', HOST),

  io_uring_setup: denied(425, 'ENOSYS', RING),
  io_uring_enter: denied(426, 'ENOSYS', RING),
  io_uring_register: denied(427, 'ENOSYS', RING),
  io_setup: denied(245, 'ENOSYS', RING),
  io_destroy: denied(246, 'ENOSYS', RING),
  io_getevents: denied(247, 'ENOSYS', RING),
  io_submit: denied(248, 'ENOSYS', RING),
  io_cancel: denied(249, 'ENOSYS', RING),
  io_pgetevents: denied(385, 'ENOSYS', RING),
  io_pgetevents_time64: denied(416, 'ENOSYS', RING),

  seccomp: denied(354, 'EINVAL', STACKING),
  landlock_create_ruleset: denied(444, 'ENOSYS', STACKING),
  landlock_add_rule: denied(445, 'ENOSYS', STACKING),
  landlock_restrict_self: denied(446, 'ENOSYS', STACKING),
  lsm_get_self_attr: denied(459, 'ENOSYS', STACKING),
  lsm_set_self_attr: denied(460, 'ENOSYS', STACKING),
  lsm_list_modules: denied(461, 'ENOSYS', STACKING),

  file_setattr: denied(469, 'EPERM', 'it sets immutable, append-only and all other flags of an inode at once'),
  cachestat: denied(451, 'ENOSYS', 'it tells what other programs read'),
  readdir: denied(89, 'ENOSYS', 'obsolete, getdents is offered'),
  ustat: denied(62, 'ENOSYS', 'obsolete, statfs is offered'),

  afs_syscall: denied(137, 'ENOSYS', NONE),
  bdflush: denied(134, 'ENOSYS', NONE),
  break: denied(17, 'ENOSYS', NONE),
  create_module: denied(127, 'ENOSYS', NONE),
  ftime: denied(35, 'ENOSYS', NONE),
  get_kernel_syms: denied(130, 'ENOSYS', NONE),
  getpmsg: denied(188, 'ENOSYS', NONE),
  gtty: denied(32, 'ENOSYS', NONE),
  idle: denied(112, 'ENOSYS', NONE),
  lock: denied(53, 'ENOSYS', NONE),
  mpx: denied(56, 'ENOSYS', NONE),
  nfsservctl: denied(169, 'ENOSYS', NONE),
  prof: denied(44, 'ENOSYS', NONE),
  profil: denied(98, 'ENOSYS', NONE),
  putpmsg: denied(189, 'ENOSYS', NONE),
  query_module: denied(167, 'ENOSYS', NONE),
  stty: denied(31, 'ENOSYS', NONE),
  sysfs: denied(135, 'ENOSYS', 'obsolete'),
  ulimit: denied(58, 'ENOSYS', NONE),
  uselib: denied(86, 'ENOSYS', 'obsolete; it maps a library that nobody judged'),
  vserver: denied(273, 'ENOSYS', NONE),
  _sysctl: denied(149, 'ENOSYS', NONE),
});

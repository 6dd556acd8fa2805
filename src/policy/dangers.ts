/** Names by which a program gets out of its sandbox, or at secrets, whatever else its policy forbids. */
import type { Access } from '../questions.js';

export interface Danger {
  /** Each stands for its kind: USER, 1 for a process. */
  readonly paths: readonly string[];
  readonly accesses: readonly Access[];
  readonly why: string;
}

const USERS = ['/root', '/home/user'];
const ofUsers = (...names: string[]): string[] => USERS.flatMap((home) => names.map((name) => `${home}/${name}`));
const WRITES: readonly Access[] = ['write', 'create'];

export const DANGERS: readonly Danger[] = [
  {
    paths: ['/run/docker.sock', '/var/run/docker.sock', '/run/podman/podman.sock', '/run/containerd/containerd.sock'],
    accesses: ['write'],
    why: 'whoever speaks to it is root on the host',
  },
  {
    paths: ['/run/dbus/system_bus_socket', '/run/user/1000/bus', '/run/systemd/private'],
    accesses: ['write'],
    why: 'services outside the sandbox act for whoever speaks to them',
  },
  {
    paths: ['/tmp/.X11-unix/X0', '/run/user/1000/wayland-0', '/run/user/1000/pipewire-0'],
    accesses: ['write'],
    why: 'the session of the user: keys, screen, sound',
  },
  {
    paths: ofUsers(
      '.ssh/id_ed25519',
      '.gnupg/private-keys-v1.d/key',
      '.aws/credentials',
      '.netrc',
      '.git-credentials',
      '.kube/config',
    ),
    accesses: ['read'],
    why: 'keys and passwords',
  },
  {
    paths: ofUsers('.ssh/authorized_keys', '.bashrc', '.profile', '.config/autostart/x.desktop', '.gitconfig'),
    accesses: WRITES,
    why: 'what stands there is run, or lets in, outside the sandbox',
  },
  {
    paths: ['/etc/shadow', '/etc/gshadow', '/etc/ssh/ssh_host_ed25519_key'],
    accesses: ['read'],
    why: 'secrets of the system',
  },
  {
    paths: [
      '/etc/passwd',
      '/etc/shadow',
      '/etc/sudoers',
      '/etc/sudoers.d/x',
      '/etc/ld.so.preload',
      '/etc/cron.d/x',
      '/etc/systemd/system/x.service',
      '/etc/profile',
      '/var/spool/cron/crontabs/root',
    ],
    accesses: WRITES,
    why: 'what stands there is run, or lets in, as root',
  },
  {
    paths: ['/usr/bin/ls', '/usr/local/bin/ls', '/usr/lib/i386-linux-gnu/libc.so.6'],
    accesses: WRITES,
    why: 'others run it',
  },
  {
    paths: ['/proc/1/mem', '/proc/1/environ', '/proc/1/maps', '/proc/kcore'],
    accesses: ['read'],
    why: 'memory and secrets of processes outside',
  },
  {
    paths: [
      '/proc/sys/kernel/core_pattern',
      '/proc/sysrq-trigger',
      '/sys/kernel/uevent_helper',
      '/sys/fs/cgroup/release_agent',
    ],
    accesses: ['write'],
    why: 'the kernel runs what it names, or obeys',
  },
  {
    paths: ['/dev/mem', '/dev/kmem', '/dev/sda', '/dev/nvme0n1'],
    accesses: ['read', 'write'],
    why: 'the machine below its permissions',
  },
];

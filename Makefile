# SPDX-License-Identifier: GPL-2.0
#
# make help lists the targets.

VPC_VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' $(CURDIR)/dkms.conf)

# The headers of the running kernel if they are installed, else the newest.
KDIR ?= $(firstword $(wildcard /lib/modules/$(shell uname -r)/build) \
	$(shell ls -d /lib/modules/*/build 2>/dev/null | sort -rV))
PREFIX ?= /usr/local
DESTDIR ?=

# What test guests boot, an installed kernel's version or a directory with a
# kernel, and the headers that belong to it.
GUEST_KERNEL ?= $(shell selftests/vm/run --print-default 2> /dev/null)
GUEST_KDIR = $(if $(filter /%,$(GUEST_KERNEL)),$(GUEST_KERNEL)/kdir,/lib/modules/$(GUEST_KERNEL)/build)
GUEST_RELEASE = $(notdir $(or $(wildcard $(filter /%,$(GUEST_KERNEL))/lib/modules/*),$(GUEST_KERNEL)))

# Debian's other kernels, as in the names of their packages.
KERNELS ?= 6.12-cloud-amd64
ARM64_KERNELS ?= arm64 6.12-arm64

CACHE := $(or $(XDG_CACHE_HOME),/var/cache)/vpc-selftests

export VPC_VERSION PREFIX DESTDIR

# The packages for building, for test guests, for the tests, and for the style.
BUILD_PACKAGES := \
	build-essential pkg-config libmnl-dev libnl-3-dev libnl-route-3-dev kmod \
	$(shell [ -e /lib/modules/$$(uname -r)/build ] || echo linux-headers-$$(uname -r))
PACKAGES := \
	build-essential pkg-config libmnl-dev libelf-dev bc flex bison kmod \
	qemu-system-x86 qemu-system-common busybox-static cpio xz-utils \
	iproute2 iputils-ping traceroute ethtool tcpdump iperf3 procps python3 bird2 \
	libnl-3-dev libnl-route-3-dev clang libclang-rt-14-dev \
	nftables wireguard-tools python3-cryptography \
	python3-yaml python3-jsonschema python3-docutils graphviz \
	tshark mandoc bash-completion linux-perf bpftrace
PACKAGE_PACKAGES := debhelper dh-dkms fakeroot lintian debootstrap
DEBUG_PACKAGES := linux-source-6.1 xz-utils
STYLE_PACKAGES := linux-source-6.1 sparse shellcheck xz-utils perl lintian coccinelle \
	pyflakes3

all: modules tools

modules:
	$(MAKE) -C $(KDIR) M=$(CURDIR)/kmod modules

tools:
	$(MAKE) -C tools

# The module is built in its own directory for the kernel of KDIR.  Guests may
# boot another one: theirs is built from a copy of the sources then, so that
# neither build disturbs the other.
GUEST_TREE = build/$(GUEST_RELEASE)

guest-module:
ifeq ($(realpath $(KDIR)),$(realpath $(GUEST_KDIR)))
	$(MAKE) -s -C $(KDIR) M=$(CURDIR)/kmod modules
else
	@mkdir -p $(GUEST_TREE)/kmod $(GUEST_TREE)/uapi
	@cp -Rpu uapi/. $(GUEST_TREE)/uapi
	@find kmod -type f \( -name '*.[chS]' -o -name 'Kbuild' -o -name 'Makefile' \) \
		! -name '*.mod.c' -exec cp -pu --parents -t $(GUEST_TREE) {} +
	$(MAKE) -s -C $(GUEST_KDIR) M=$(CURDIR)/$(GUEST_TREE)/kmod $(GUEST_FLAGS) modules
endif

install: all
	$(MAKE) -C $(KDIR) M=$(CURDIR)/kmod CONFIG_MODULE_SIG_ALL= \
		INSTALL_MOD_STRIP=1 DEPMOD=true \
		$(if $(DESTDIR),INSTALL_MOD_PATH=$(DESTDIR)) modules_install
	$(if $(DESTDIR),,depmod $(KRELEASE))
	$(MAKE) -C tools install

# Debian's headers answer "make kernelrelease" with another name than the
# directory of modules has.
KRELEASE = $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' \
	$(KDIR)/include/generated/utsrelease.h)

uninstall:
	rm -f $(DESTDIR)/lib/modules/$(KRELEASE)/*/vpc.ko*
	$(if $(DESTDIR),,depmod $(KRELEASE))
	$(MAKE) -C tools uninstall

clean:
	$(MAKE) -C $(KDIR) M=$(CURDIR)/kmod clean
	$(MAKE) -C tools clean
	for dir in selftests/unit selftests/fuzz; do \
		[ ! -e $$dir/Makefile ] || $(MAKE) -C $$dir clean || exit; \
	done
	rm -rf build

# install_packages: install those of the packages that are missing.
define install_packages
@missing=; \
for package in $(1); do \
	case $$(dpkg-query -W -f '$${Status}' $$package 2> /dev/null) in \
	*' installed') ;; \
	*) missing="$$missing $$package" ;; \
	esac; \
done; \
if [ -n "$$missing" ]; then \
	echo "Installing$$missing"; \
	apt-get -qq update && \
	DEBIAN_FRONTEND=noninteractive \
		apt-get -qq install --no-install-recommends $$missing; \
fi
endef

# fetch_kernel: what test guests boot, unless it is installed.  It is not installed for
# them: a host might boot it next, and it has few drivers.
define fetch_kernel
@dpkg-query -W -f '$${Status}\n' linux-image-cloud-amd64 linux-headers-cloud-amd64 \
	2> /dev/null | grep -c ' installed$$' | grep -q 2 || \
	{ kernel=$$(selftests/vm/fetch cloud-amd64) && \
		ln -sfn "$$kernel" $(CACHE)/kernel-stock; }
endef

build-deps:
	$(call install_packages,$(BUILD_PACKAGES))

deps:
	$(call install_packages,$(PACKAGES))
	$(fetch_kernel)

style-deps:
	$(call install_packages,$(PACKAGES) $(STYLE_PACKAGES))
	$(fetch_kernel)

# The kernel to build for is known only when the packages are there, so the
# rest runs in a make of its own.
check: deps
	@$(MAKE) -s --no-print-directory guest-module tools
	@GUEST_KERNEL=$(GUEST_KERNEL) selftests/check

# Builds, installs, boots, upgrades and removes the Debian packages.
check-packages: deps
	$(call install_packages,$(PACKAGE_PACKAGES))
	@CACHE=$(CACHE) selftests/packages/check

debug-deps:
	$(call install_packages,$(PACKAGES) $(DEBUG_PACKAGES))
	$(fetch_kernel)

# MACHINE is um (user-mode Linux) or x86 (a virtual machine).
MACHINE ?= um

check-debug: debug-deps
	@$(MAKE) -s --no-print-directory tools
	@TESTS="$(or $(TESTS),$(DEBUG_TESTS))" selftests/debug/check --machine $(MACHINE)

# Plants bugs in a copy of the tree: BUGS="PATTERN..." are those to try.
check-planted: debug-deps
	@selftests/planted/run

# What takes hours: more fuzzing, the debugging kernel with several CPUs, and
# whether bugs would be noticed at all.
nightly: export FUZZ_SECONDS ?= 1800
nightly: debug-deps
	@selftests/sum check check-debug 'check-debug MACHINE=x86' check-kernels check-planted

coverage: debug-deps
	@$(MAKE) -s --no-print-directory tools
	@selftests/debug/coverage

# The others are unpacked, not installed: the host goes on booting what it boots.
STRICT := W=1 KCFLAGS=-Werror
check-kernels: deps
	@for flavour in $(KERNELS); do \
		kernel=$$(selftests/vm/fetch $$flavour) || exit; \
		$(MAKE) -s --no-print-directory check GUEST_KERNEL=$$kernel $(STRICT) || exit; \
	done

arm64-deps:
	$(call install_packages,$(PACKAGES) gcc-aarch64-linux-gnu)

check-arm64: arm64-deps
	@for flavour in $(ARM64_KERNELS); do \
		kernel=$$(selftests/vm/fetch --headers $$flavour) || exit; \
		$(MAKE) -s --no-print-directory guest-module GUEST_KERNEL=$$kernel \
			CROSS_COMPILE=aarch64-linux-gnu- $(STRICT) || exit; \
		echo "vpc.ko compiles for $${kernel##*/kernel-}"; \
	done

demo: deps
	@$(MAKE) -s --no-print-directory guest-module tools
	@selftests/vm/run --kernel $(GUEST_KERNEL) -- selftests/demo.sh

bench-deps:
	$(call install_packages,$(PACKAGES) linux-source-6.1 xz-utils)
	$(fetch_kernel)

# BENCH is "instructions", which don't depend on the host, or "native", or both.
bench: bench-deps
	@$(MAKE) -s --no-print-directory guest-module tools
	@GUEST_KERNEL=$(GUEST_KERNEL) selftests/bench/run $(BENCH)

style: style-deps
	@CACHE=$(CACHE) KDIR=$(GUEST_KDIR) selftests/style

help:
	@echo 'all        the module and the tool (default)'
	@echo 'modules    the module, for the kernel of KDIR'
	@echo 'tools      the tool'
	@echo 'install    install both (PREFIX, DESTDIR)'
	@echo 'uninstall  remove them'
	@echo 'check      all tests, in virtual machines where they need a kernel;'
	@echo '           TESTS="PATTERN..." selects by file name, unit/PATTERN, native/PATTERN,'
	@echo '           fuzz, machines (two of them), bench (have packets become dearer)'
	@echo 'check-packages  Debian packages: build, install in a clean root, boot,'
	@echo '           upgrade, remove'
	@echo 'check-debug  the kernel tests under a kernel with KASAN, lockdep, kmemleak ...;'
	@echo '           MACHINE=um (default, user-mode Linux) or x86 (a virtual machine)'
	@echo 'coverage   which lines and branches of the module the tests run'
	@echo 'check-planted  plant bugs, one by one, and see that the tests notice'
	@echo 'nightly    check, check-debug on both machines, check-kernels and'
	@echo '           check-planted, with FUZZ_SECONDS=1800'
	@echo 'check-kernels  all tests on other kernels of Debian: KERNELS="$(KERNELS)"'
	@echo 'check-arm64  compile the module for ARM64_KERNELS="$(ARM64_KERNELS)"'
	@echo 'demo       a demonstration in a virtual machine'
	@echo 'bench      instructions per packet and native times, beside other overlays;'
	@echo '           BENCH=instructions or BENCH=native: only these'
	@echo 'style      checkpatch, sparse, compiler warnings, coccicheck, shellcheck,'
	@echo '           pyflakes, mandoc; lintian, if there are packages'
	@echo 'build-deps install the Debian packages that all and install need'
	@echo 'deps       install those that the tests need, and fetch the kernel of guests'
	@echo 'clean      remove what was built'
	@echo
	@echo 'KDIR=$(KDIR)'
	@echo 'GUEST_KERNEL=$(GUEST_KERNEL)'

.PHONY: all modules tools guest-module install uninstall clean build-deps deps style-deps \
	debug-deps arm64-deps bench-deps check check-debug check-kernels check-arm64 \
	check-packages check-planted nightly coverage demo bench style help

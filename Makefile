# SPDX-License-Identifier: GPL-2.0
#
# make help lists the targets.

VPC_VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' $(CURDIR)/dkms.conf)

# The headers of the running kernel if they are installed, else the newest.
KDIR ?= $(firstword $(wildcard /lib/modules/$(shell uname -r)/build) \
	$(shell ls -d /lib/modules/*/build 2>/dev/null | sort -rV))
PREFIX ?= /usr/local
DESTDIR ?=

# What test guests boot, and the headers that belong to it.
GUEST_KERNEL ?= $(shell selftests/vm/run --print-kernel)
GUEST_KDIR = /lib/modules/$(GUEST_KERNEL)/build

CACHE := $(or $(XDG_CACHE_HOME),/var/cache)/vpc-selftests

export VPC_VERSION PREFIX DESTDIR

# The packages for building, for test guests, for the tests, and for the style.
PACKAGES := \
	build-essential pkg-config libmnl-dev libelf-dev bc flex bison kmod \
	linux-image-cloud-amd64 linux-headers-cloud-amd64 \
	qemu-system-x86 qemu-system-common busybox-static cpio \
	iproute2 iputils-ping traceroute ethtool tcpdump iperf3 procps python3 bird2 \
	libnl-3-dev libnl-route-3-dev clang libclang-rt-14-dev \
	nftables wireguard-tools
STYLE_PACKAGES := linux-source-6.1 sparse shellcheck xz-utils perl

all: modules tools

modules:
	$(MAKE) -C $(KDIR) M=$(CURDIR)/kmod modules

tools:
	$(MAKE) -C tools

# The module is built in its own directory for the kernel of KDIR.  Guests may
# boot another one: theirs is built from a copy of the sources then, so that
# neither build disturbs the other.
GUEST_TREE = build/$(GUEST_KERNEL)

guest-module:
ifeq ($(realpath $(KDIR)),$(realpath $(GUEST_KDIR)))
	$(MAKE) -s -C $(KDIR) M=$(CURDIR)/kmod modules
else
	@mkdir -p $(GUEST_TREE)/kmod $(GUEST_TREE)/uapi
	@cp -Rpu uapi/. $(GUEST_TREE)/uapi
	@find kmod -type f \( -name '*.[chS]' -o -name 'Kbuild' -o -name 'Makefile' \) \
		! -name '*.mod.c' -exec cp -pu --parents -t $(GUEST_TREE) {} +
	$(MAKE) -s -C $(GUEST_KDIR) M=$(CURDIR)/$(GUEST_TREE)/kmod modules
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

deps:
	$(call install_packages,$(PACKAGES))

style-deps:
	$(call install_packages,$(PACKAGES) $(STYLE_PACKAGES))

# The kernel to build for is known only when the packages are there, so the
# rest runs in a make of its own.
check: deps
	@$(MAKE) -s --no-print-directory guest-module tools
	@GUEST_KERNEL=$(GUEST_KERNEL) selftests/check

demo: deps
	@$(MAKE) -s --no-print-directory guest-module tools
	@selftests/vm/run --kernel $(GUEST_KERNEL) -- selftests/demo.sh

# One CPU of the guest counts instructions: the figures don't depend on the host.
bench: deps
	@$(MAKE) -s --no-print-directory guest-module tools
	@mkdir -p build/bench
	@selftests/vm/run --kernel $(GUEST_KERNEL) --icount --timeout 3000 -- \
		selftests/bench/packets --unit instructions > build/bench/instructions.json
	@selftests/bench/report build/bench/instructions.json

style: style-deps
	@CACHE=$(CACHE) KDIR=$(GUEST_KDIR) selftests/style

help:
	@echo 'all        the module and the tool (default)'
	@echo 'modules    the module, for the kernel of KDIR'
	@echo 'tools      the tool'
	@echo 'install    install both (PREFIX, DESTDIR)'
	@echo 'uninstall  remove them'
	@echo 'check      all tests, in virtual machines where they need a kernel;'
	@echo '           TESTS="PATTERN..." selects by file name, unit/PATTERN, fuzz'
	@echo 'demo       a demonstration in a virtual machine'
	@echo 'bench      instructions per packet, beside other overlays'
	@echo 'style      checkpatch, sparse, compiler warnings, shellcheck'
	@echo 'deps       install the Debian packages that all this needs'
	@echo 'clean      remove what was built'
	@echo
	@echo 'KDIR=$(KDIR)'
	@echo 'GUEST_KERNEL=$(GUEST_KERNEL)'

.PHONY: all modules tools guest-module install uninstall clean deps style-deps \
	check demo bench style help

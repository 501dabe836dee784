# ragchat: one non-recursive Makefile. The default build lies in build/, every other variant in
# build/<variant>/, so nothing is cleaned to switch. `make help` lists the targets.

VERSION  := 0.1.0
PREFIX   ?= /usr/local
SYSCONFDIR ?= /etc
CC       ?= cc
CLANG    ?= clang
PYTHON   ?= /usr/bin/python3
VARIANT  ?= release
B        := $(if $(filter release,$(VARIANT)),build,build/$(VARIANT))

# The packages, each named once.
DEPS        := gcc make pkg-config libc6-dev libuv1-dev libsqlite3-dev libcurl4-openssl-dev libmsgpack-dev \
               libstemmer-dev libutf8proc-dev libcrypt-dev linux-libc-dev ca-certificates \
               libhpdf-dev libcmark-gfm-dev libcmark-gfm-extensions-dev libharfbuzz-dev libfribidi-dev libpng-dev zlib1g-dev \
               fonts-noto-core fonts-noto-mono \
               libxml2-dev libzip-dev libexpat1-dev libgmime-3.0-dev libuchardet-dev poppler-utils poppler-data
DEPS_CHECK  := python3 mandoc bash zsh fish libjansson-dev procps strace util-linux nginx-light openssl systemd \
               golang-github-yuin-goldmark-dev fonts-noto-cjk fonts-noto-color-emoji fonts-symbola qpdf mupdf-tools \
               libjs-pdf nodejs neovim vim emacs-nox \
               tmux
DEPS_FUZZ   := clang libclang-rt-14-dev
DEPS_BENCH  := liblucene8-java default-jdk-headless curl python3-xhtml2pdf python3-markdown2 weasyprint
DEPS_LINT   := clang-tidy clang-format cppcheck mypy

PKGS_proto  := $(shell pkg-config --exists msgpack-c && echo msgpack-c || echo msgpack)
PKGS_extract := libxml-2.0 libzip expat gmime-3.0 uchardet
PKGS_chat   := libutf8proc
PKGS_daemon := libuv sqlite3 libcurl libutf8proc
PKGS_pdf    := libutf8proc harfbuzz harfbuzz-subset fribidi libpng zlib

# One line for each thing that is built; V=1 shows the commands.
Q        := $(if $(V),,@)
told      = @$(if $(V),:,printf '  %-5s %s\n' '$(1)' '$@')

# What the two commands build is built on all CPUs, unless make was told otherwise.
JOBS     := $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

# All of the rules below need the libraries; deps, help and dist do not.
CFLAGS   ?= -O2 -g
WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
            -Wpointer-arith -Wwrite-strings -Wvla -Wformat=2 -Wundef -fno-common
ifdef DEVELOPER
WARN     += -Werror
endif
HARDEN   := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
SAN.release :=
SAN.asan := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DRAGCHAT_SANITIZER
SAN.tsan := -fsanitize=thread -DRAGCHAT_SANITIZER
SAN.fuzz := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -DRAGCHAT_SANITIZER
SAN      := $(SAN.$(VARIANT))
ifneq ($(SAN),)
HARDEN   := -fPIE
endif
BASE_CFLAGS = -std=c17 -D_GNU_SOURCE -I. -I$B/gen -DRAGCHAT_VERSION='"$(VERSION)"' $(WARN) $(HARDEN) $(SAN)
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS_proto) $(PKGS_daemon) $(PKGS_pdf) $(PKGS_extract) 2>/dev/null)
ALL_CFLAGS = $(BASE_CFLAGS) $(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(SAN) -pie -Wl,-z,relro,-z,now,--as-needed $(LDFLAGS)
LIBS_client := $(shell pkg-config --libs $(PKGS_proto) 2>/dev/null)
LIBS_chat   := $(LIBS_client) $(shell pkg-config --libs $(PKGS_chat) 2>/dev/null)
LIBS_daemon := $(LIBS_client) $(shell pkg-config --libs $(PKGS_daemon) 2>/dev/null) -lstemmer -lcrypt -lm -lpthread
LIBS_pdf    := -lhpdf -lcmark-gfm-extensions -lcmark-gfm $(shell pkg-config --libs $(PKGS_pdf) 2>/dev/null) -lm
LIBS_extract := $(shell pkg-config --libs $(PKGS_extract) 2>/dev/null) -lm

common_SRC := $(sort $(wildcard common/*.c))
proto_SRC  := $(sort $(wildcard proto/*.c))
daemon_SRC := $(sort $(wildcard daemon/*.c daemon/ipc/*.c daemon/chat/*.c daemon/library/*.c \
                daemon/upstream/*.c daemon/segment/*.c daemon/store/*.c daemon/auth/*.c daemon/worker/*.c))
client_SRC := $(sort $(wildcard client/*.c))
chat_SRC   := $(sort $(wildcard client/chat/*.c))
lib_SRC    := $(sort $(wildcard client/lib/*.c))
lib_PARTS  := $(sort $(wildcard client/session*.c) $(patsubst %,client/%.c,json_wire connect finder autostart autostart_child secret say filter term))
# Helpers: programs of their own. What they cannot do is what they are not linked with (make check-links).
helper_SRC := $(sort daemon/worker/landlock.c daemon/worker/records.c $(wildcard daemon/worker/sandbox*.c))
pdf_SRC    := $(sort $(wildcard daemon/pdf/*.c))
extract_SRC := $(sort $(wildcard daemon/extract/*.c))
ALL_SRC    := $(common_SRC) $(proto_SRC) $(daemon_SRC) $(pdf_SRC) $(extract_SRC) $(client_SRC) $(chat_SRC) $(lib_SRC)
ALL_HDR    := $(sort $(wildcard common/*.h proto/*.h daemon/*.h daemon/*/*.h client/*.h client/*/*.h))
UNIT_SRC   := $(sort $(wildcard tests/unit/test_*.c))
FUZZ_SRC   := $(sort $(wildcard tests/fuzz/fuzz_*.c))
BENCH_SRC  := $(sort $(wildcard tests/bench/bench_*.c))
UNIT       := $(patsubst tests/unit/%.c,$B/tests/%,$(UNIT_SRC))
FUZZ       := $(patsubst tests/fuzz/%.c,$B/fuzz/%,$(FUZZ_SRC))
BENCH      := $(patsubst tests/bench/%.c,$B/bench/%,$(BENCH_SRC))
obj         = $(patsubst %.c,$B/obj/%.o,$(1))
HELPERS    := $(if $(wildcard daemon/pdf/main.c),$B/bin/ragchatd-pdf) $B/bin/ragchatd-extract $B/bin/ragchatd-pdftext
# The conversation is a program of its own, so that every other command goes without its editor.
CHAT       := $B/bin/ragchat-chat
BIN        := $B/bin/ragchat $B/bin/ragchatd $(HELPERS) $(CHAT)

LIBRAGCHAT := $B/lib/libragchat.so $B/lib/libragchat.a

all: $(BIN) $(LIBRAGCHAT)                        ## build ragchat, ragchatd and libragchat

$B/libcommon.a: $(call obj,$(common_SRC))
$B/libproto.a:  $(call obj,$(proto_SRC))
$B/libdaemon.a: $(call obj,$(filter-out daemon/main.c,$(daemon_SRC)))
$B/libhelper.a: $(call obj,$(helper_SRC))
$B/libpdf.a:    $(call obj,$(filter-out daemon/pdf/main.c,$(pdf_SRC)))
$B/libextract.a: $(call obj,$(filter-out daemon/extract/main%.c,$(extract_SRC)))
$B/libclient.a: $(call obj,$(filter-out client/main.c,$(client_SRC)))
$B/libchat.a:   $(call obj,$(filter-out client/chat/main.c,$(chat_SRC)))
%.a:
	@rm -f $@
	$(call told,AR)
	$(Q)$(AR) rcs $@ $^

$B/bin/ragchatd: $(call obj,daemon/main.c) $B/libdaemon.a $B/libproto.a $B/libcommon.a
	@mkdir -p $(@D)
	$(call told,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_daemon)
$B/bin/ragchat: $(call obj,client/main.c) $B/libclient.a $B/libproto.a $B/libcommon.a
	@mkdir -p $(@D)
	$(call told,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_client)
$(CHAT): $(call obj,client/chat/main.c) $B/libchat.a $B/libclient.a $B/libproto.a $B/libcommon.a
	@mkdir -p $(@D)
	$(call told,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_chat)
$B/bin/ragchatd-pdf: $(call obj,daemon/pdf/main.c) $B/libpdf.a $B/libhelper.a $B/libcommon.a
	@mkdir -p $(@D)
	$(call told,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_pdf)
$B/bin/ragchatd-extract: $(call obj,daemon/extract/main.c daemon/worker/helper.c) $B/libextract.a $B/libhelper.a $B/libcommon.a
	@mkdir -p $(@D)
	$(call told,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_extract)
$B/bin/ragchatd-pdftext: $(call obj,daemon/extract/main_pdf.c) $B/libextract.a $B/libhelper.a $B/libcommon.a
	@mkdir -p $(@D)
	$(call told,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^

# libragchat: of its own and of the client's parts only what it needs, and only ragchat_* shows: in the shared
# one by the linker's map, in the static one by making one object of it all. nodelete: a thread of it may still look for
# the daemon when a program has closed it.
SONAME   := libragchat.so.0
pic       = $(patsubst %.c,$B/pic/%.o,$(1))
$B/pic/%.o: %.c $B/.flags
	@mkdir -p $(@D)
	$(call told,CC)
	$(Q)$(CC) $(ALL_CFLAGS) -fPIC -fvisibility=hidden -ffunction-sections -MMD -MP -c -o $@ $<
$B/pic/libparts.a: $(call pic,$(lib_PARTS) $(proto_SRC) $(common_SRC))
$B/lib/libragchat.so: $(call pic,$(lib_SRC)) $B/pic/libparts.a client/lib/ragchat.map
	@mkdir -p $(@D)
	$(call told,LINK)
	$(Q)$(CC) $(SAN) -shared -Wl,-soname,$(SONAME),--version-script=client/lib/ragchat.map,--gc-sections,-z,defs,-z,relro,-z,now,-z,nodelete,--as-needed \
	  $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LIBS_client)
	@ln -sf libragchat.so $B/lib/$(SONAME)
$B/lib/libragchat.a: $(call pic,$(lib_SRC)) $B/pic/libparts.a
	@mkdir -p $(@D)
	$(call told,LINK)
	$(Q)$(LD) -r -o $B/lib/ragchat.o $(call pic,$(lib_SRC)) $B/pic/libparts.a
	$(Q)objcopy --localize-hidden $B/lib/ragchat.o
	@rm -f $@
	$(call told,AR)
	$(Q)$(AR) rcs $@ $B/lib/ragchat.o

# A changed flag rebuilds exactly what it should: the stamp is rewritten only when its text differs.
$B/.flags: FORCE
	@mkdir -p $B
	@printf '%s\n' '$(CC) $(ALL_CFLAGS)' | cmp -s - $@ || printf '%s\n' '$(CC) $(ALL_CFLAGS)' > $@
$B/obj/%.o: %.c $B/.flags
	@mkdir -p $(@D)
	$(call told,CC)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
# schema.sql becomes a C string: the text that reads well is the text that runs.
$B/gen/%.sql.h: %.sql
	@mkdir -p $(@D)
	@sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' $< > $@
# So do the scripts that `ragchat completion` prints.
SHELL_HDR := $(patsubst %,$B/gen/client/%.h,ragchat.bash ragchat.zsh ragchat.fish)
$(SHELL_HDR): $B/gen/client/%.h: contrib/completions/%
	@mkdir -p $(@D)
	@sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/?/\\?/g' -e 's/^/"/' -e 's/$$/\\n"/' $< > $@
$(call obj,client/cmd_completion.c): $(SHELL_HDR)
SQL_HDR := $(patsubst %.sql,$B/gen/%.sql.h,$(wildcard daemon/store/*.sql))
$(call obj,$(filter daemon/store/%,$(daemon_SRC))): | $(SQL_HDR)
$(call obj,$(filter daemon/store/%,$(daemon_SRC))): $(SQL_HDR)

$B/tests/%: $B/obj/tests/unit/%.o $B/libchat.a $B/libclient.a $B/libdaemon.a $B/libproto.a $B/libcommon.a
	@mkdir -p $(@D)
	$(call told,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_daemon) $(if $(filter %/test_json,$@),-ljansson)
$B/tests/test_pdf_%: $B/obj/tests/unit/test_pdf_%.o $B/libpdf.a $B/libhelper.a $B/libcommon.a
	@mkdir -p $(@D)
	$(call told,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_pdf)
$B/tests/test_extract_%: $B/obj/tests/unit/test_extract_%.o $B/libextract.a $B/libhelper.a $B/libcommon.a
	@mkdir -p $(@D)
	$(call told,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_extract)
$B/tests/fake_helper: $B/obj/tests/unit/fake_helper.o $B/libhelper.a $B/libcommon.a
	@mkdir -p $(@D)
	$(call told,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^
$B/fuzz/fuzz_extract_%: $B/obj/tests/fuzz/fuzz_extract_%.o $B/libextract.a $B/libhelper.a $B/libcommon.a
	@mkdir -p $(@D)
	$(call told,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS_extract)
$B/fuzz/fuzz_pdf_%: $B/obj/tests/fuzz/fuzz_pdf_%.o $B/libpdf.a $B/libhelper.a $B/libcommon.a
	@mkdir -p $(@D)
	$(call told,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS_pdf)
$B/fuzz/%: $B/obj/tests/fuzz/%.o $B/libchat.a $B/libclient.a $B/libdaemon.a $B/libproto.a $B/libcommon.a
	@mkdir -p $(@D)
	$(call told,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS_daemon)
$B/bench/%: $B/obj/tests/bench/%.o $B/libclient.a $B/libdaemon.a $B/libproto.a $B/libcommon.a
	@mkdir -p $(@D)
	$(call told,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_daemon)
-include $(shell find $B/obj $B/pic -name '*.d' 2>/dev/null)

deps:                                            ## install what building and running need
	@tests/deps $(DEPS)
deps-check:                                      ## install what make check needs besides
	@tests/deps $(DEPS) $(DEPS_CHECK)
deps-bench:                                      ## install the peers that make bench runs against
	@tests/deps $(DEPS) $(DEPS_CHECK) $(DEPS_BENCH)
deps-fuzz:                                       ## install what make fuzz needs
	@tests/deps $(DEPS) $(DEPS_FUZZ)
deps-lint:                                       ## install what make lint and make format need
	@tests/deps $(DEPS) $(DEPS_CHECK) $(DEPS_LINT)

quickstart: deps                                 ## build, start a private daemon, upload, ask, export
	@$(MAKE) --no-print-directory $(JOBS) all
	@tests/quickstart $B/bin

check: deps-check                                ## every test, two at a time
	@$(MAKE) --no-print-directory $(JOBS) all unit
	@$(MAKE) --no-print-directory check-run
unit: $(UNIT) $B/tests/fake_helper
check-run: all unit
	@$(PYTHON) tests/run --bin $B/bin --unit $B/tests $(if $(SAN),--sanitizer,--static) $(TESTS)
asan: deps-check                                 ## check under AddressSanitizer and UBSan
	@$(MAKE) --no-print-directory VARIANT=asan CFLAGS='-O1 -g' check-run
tsan: deps-check                                 ## check under ThreadSanitizer
	@$(MAKE) --no-print-directory VARIANT=tsan CFLAGS='-O1 -g' check-run
fuzz: deps-fuzz                                  ## each fuzzer for FUZZ_SECS (60) seconds
	@$(MAKE) --no-print-directory VARIANT=fuzz CC=$(CLANG) CFLAGS='-O1 -g' fuzz-run
fuzz-build: $(FUZZ)
fuzz-run: $(FUZZ)
	@set -e; for f in $(FUZZ); do n=$$(basename $$f); mkdir -p $B/corpus/$$n; echo "fuzz $$n"; \
	  $$f -max_total_time=$(or $(FUZZ_SECS),60) -seed=$(or $(FUZZ_SEED),0) -rss_limit_mb=2048 -timeout=30 $B/corpus/$$n \
	      $(wildcard tests/fuzz/corpus) 2> $B/corpus/$$n.log || { tail -40 $B/corpus/$$n.log; exit 1; }; \
	  tail -1 $B/corpus/$$n.log; done
torture: deps-check                              ## the long, large and million-row runs
	@$(MAKE) --no-print-directory all unit
	@$(PYTHON) tests/run --bin $B/bin --unit $B/tests --torture $(TESTS)
record:                                          ## write the transcripts in tests/system/data anew
	@$(MAKE) --no-print-directory all unit
	@RAGCHAT_RECORD=1 $(PYTHON) tests/run --bin $B/bin --unit $B/tests transcript. mcp.each_revision
bench: deps-bench                                ## every ms, MB/s and ratio (COLLECTIONS=DIR for retrieval)
	@$(MAKE) --no-print-directory all $(BENCH)
	@COLLECTIONS='$(COLLECTIONS)' PASSAGES='$(PASSAGES)' $(PYTHON) tests/bench/run --bin $B/bin --bench $B/bench $(BENCHES)

lint: deps-lint compile_commands.json            ## clang-tidy, cppcheck, mypy, man pages
	@$(MAKE) --no-print-directory check-headers check-layers check-docs
	mandoc -Tlint -Wwarning $(wildcard client/*.1 client/lib/*.3 daemon/*.8 etc/*.5)
	cppcheck --quiet --error-exitcode=1 --enable=warning,portability --inline-suppr --suppress=missingIncludeSystem -I$B/gen \
	  --suppress=normalCheckLevelMaxBranches --suppress=preprocessorErrorDirective -I. -D_GNU_SOURCE $(ALL_SRC)
	mypy --strict --cache-dir $B/mypy contrib/python/ragchat.py
	clang-tidy --quiet -p . $(ALL_SRC)
format: deps-lint                                ## lay out the lines changed since HEAD
	git diff -U0 --no-color HEAD -- '*.c' '*.h' | clang-format-diff -p1 -i
check-headers:                                   ## every header compiles by itself
	@set -e; for h in $(ALL_HDR); do printf '#include "%s"\n' $$h | \
	  $(CC) $(ALL_CFLAGS) -Werror -xc -fsyntax-only - || { echo "header $$h does not stand alone"; exit 1; }; done
check-layers:                                    ## includes point downward only
	@tests/check-layers
check-links: $(BIN)                              ## helpers are linked with no library that they must not have
	@tests/check-links $(HELPERS) $B/bin/ragchat $(CHAT)
check-docs: $(BIN)                               ## docs say the same as the code
	@$(PYTHON) tests/check-docs $B/bin
compile_commands.json: FORCE
	@$(PYTHON) -c 'import json, sys; i = sys.argv.index("--"); json.dump([{"directory": sys.argv[1], "file": f, \
	  "arguments": sys.argv[i + 1:] + ["-c", f]} for f in sys.argv[2:i]], sys.stdout)' '$(CURDIR)' $(ALL_SRC) -- $(CC) $(ALL_CFLAGS) > $@

RECIPES  := $(patsubst contrib/%,%,$(filter-out %.md,$(wildcard contrib/recipes/*)))
EDITORS  := $(patsubst contrib/%,%,$(shell find contrib/nvim contrib/vim contrib/emacs contrib/vscode -type f))
# Units name /usr/local; where PREFIX is another one, so do they.
LIB      := $(DESTDIR)$(PREFIX)/lib
prefixed  = mkdir -p $(dir $(2)) && sed 's,/usr/local/,$(PREFIX)/,g' $(1) > $(2) && chmod 644 $(2)

install: all install-data                        ## honours DESTDIR, PREFIX, SYSCONFDIR
	install -D -m755 $B/bin/ragchat   $(DESTDIR)$(PREFIX)/bin/ragchat
	install -D -m755 $B/bin/ragchatd  $(DESTDIR)$(PREFIX)/bin/ragchatd
	@$(MAKE) --no-print-directory install-lib
	@for h in $(HELPERS) $(CHAT); do install -D -m755 $$h $(DESTDIR)$(PREFIX)/libexec/ragchat/$$(basename $$h); done
install-lib:                                     # libragchat, which was built
	install -D -m755 $B/lib/libragchat.so $(LIB)/libragchat.so.$(VERSION)
	ln -sf libragchat.so.$(VERSION) $(LIB)/$(SONAME)
	ln -sf $(SONAME) $(LIB)/libragchat.so
	install -D -m644 $B/lib/libragchat.a $(LIB)/libragchat.a
	install -D -m644 client/lib/ragchat.h $(DESTDIR)$(PREFIX)/include/ragchat.h
	install -D -m644 client/lib/ragchat.3 $(DESTDIR)$(PREFIX)/share/man/man3/ragchat.3
	@mkdir -p $(LIB)/pkgconfig && sed -e 's,@PREFIX@,$(PREFIX),' -e 's,@VERSION@,$(VERSION),' -e 's,@PRIVATE@,$(LIBS_client),' \
	  client/lib/ragchat.pc.in > $(LIB)/pkgconfig/ragchat.pc && chmod 644 $(LIB)/pkgconfig/ragchat.pc
install-data:                                    # all but the programs
	install -D -m644 etc/ragchat.conf $(DESTDIR)$(PREFIX)/share/ragchat/ragchat.conf
	install -D -m644 etc/ragchat.system.conf $(DESTDIR)$(PREFIX)/share/ragchat/ragchat.system.conf
	install -D -m644 client/ragchat.1 $(DESTDIR)$(PREFIX)/share/man/man1/ragchat.1
	install -D -m644 daemon/ragchatd.8 $(DESTDIR)$(PREFIX)/share/man/man8/ragchatd.8
	install -D -m644 etc/ragchat.conf.5 $(DESTDIR)$(PREFIX)/share/man/man5/ragchat.conf.5
	install -D -m644 proto/PROTOCOL.md $(DESTDIR)$(PREFIX)/share/doc/ragchat/PROTOCOL.md
	install -D -m644 contrib/completions/ragchat.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/ragchat
	install -D -m644 contrib/completions/ragchat.zsh $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_ragchat
	install -D -m644 contrib/completions/ragchat.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/ragchat.fish
	install -D -m644 README.md $(DESTDIR)$(PREFIX)/share/doc/ragchat/README.md
	@for f in $(EDITORS); do install -D -m644 contrib/$$f $(DESTDIR)$(PREFIX)/share/ragchat/editors/$$f; done
	@for f in python/ragchat.py python/README.md recipes/README.md example/ask.c; do \
	  install -D -m644 contrib/$$f $(DESTDIR)$(PREFIX)/share/ragchat/$$f; done
	@for f in $(RECIPES); do install -D -m755 contrib/$$f $(DESTDIR)$(PREFIX)/share/ragchat/$$f; done
	@for u in ragchatd.socket ragchatd.service; do \
	  $(call prefixed,contrib/systemd/$$u,$(LIB)/systemd/system/$$u); \
	  $(call prefixed,contrib/systemd/user/$$u,$(LIB)/systemd/user/$$u); done
	@for d in sysusers.d tmpfiles.d; do $(call prefixed,etc/$$d/ragchat.conf,$(LIB)/$$d/ragchat.conf); done
uninstall:                                       ## remove what install laid down
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/,bin/ragchat bin/ragchatd share/man/man1/ragchat.1 \
	  share/man/man8/ragchatd.8 share/man/man5/ragchat.conf.5 \
	  share/bash-completion/completions/ragchat share/zsh/site-functions/_ragchat share/fish/vendor_completions.d/ragchat.fish) $(addprefix $(LIB)/,systemd/system/ragchatd.socket \
	  systemd/system/ragchatd.service systemd/user/ragchatd.socket systemd/user/ragchatd.service \
	  sysusers.d/ragchat.conf tmpfiles.d/ragchat.conf libragchat.so libragchat.so.0 libragchat.so.$(VERSION) libragchat.a \
	  pkgconfig/ragchat.pc) $(DESTDIR)$(PREFIX)/include/ragchat.h $(DESTDIR)$(PREFIX)/share/man/man3/ragchat.3
	rm -rf $(DESTDIR)$(PREFIX)/libexec/ragchat $(DESTDIR)$(PREFIX)/share/ragchat $(DESTDIR)$(PREFIX)/share/doc/ragchat
dist:                                            ## reproducible tarball of HEAD
	git archive --format=tar.gz --prefix=ragchat-$(VERSION)/ -o ragchat-$(VERSION).tar.gz HEAD
help:                                            ## this list
	@sed -n 's/^\([a-z_.-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 18
clean:                                           ## remove build/
	rm -rf build compile_commands.json

FORCE:
.PHONY: all deps deps-check deps-bench deps-fuzz deps-lint quickstart check check-run unit asan tsan fuzz fuzz-build fuzz-run \
        torture record bench lint format check-headers check-layers check-links check-docs install install-data install-lib uninstall dist help clean FORCE
# Named, not all: make builds no missing object that it takes for secondary.
.SECONDARY: $(call obj,$(UNIT_SRC) $(FUZZ_SRC) $(BENCH_SRC) tests/unit/fake_helper.c)
.DELETE_ON_ERROR:

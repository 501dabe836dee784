/*
 * Calls that have no safe use here: naming one fails to compile, and the identifier in the error
 * says what to use instead. The headers come first, because a macro would garble the prototypes
 * in them; function-like, so that a struct may still have a field called `system`.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#undef strcpy
#undef strcat
#undef sprintf
#undef vsprintf
#undef strtok
#undef gets
#undef system
#undef mktemp
#undef tmpnam
#undef gmtime
#undef localtime
#undef ctime
#undef asctime

#define strcpy(...) banned_strcpy__use_buf_add_or_mem_dup
#define strcat(...) banned_strcat__use_buf_add
#define sprintf(...) banned_sprintf__use_snprintf_or_buf_addf
#define vsprintf(...) banned_vsprintf__use_vsnprintf_or_buf_vaddf
#define strtok(...) banned_strtok__use_strcspn_or_strsep
#define gets(...) banned_gets__use_fd_read
#define system(...) banned_system__use_posix_spawn
#define mktemp(...) banned_mktemp__use_mkostemp
#define tmpnam(...) banned_tmpnam__use_mkostemp
#define gmtime(...) banned_gmtime__use_clock_iso
#define localtime(...) banned_localtime__use_localtime_r
#define ctime(...) banned_ctime__use_clock_iso
#define asctime(...) banned_asctime__use_clock_iso

/* What GMime needs before the sandbox closes. */
#pragma once

void mail_load(void);

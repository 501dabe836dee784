/* Shared by the files of the verbs: what each does. args: trimmed, "" none. */
#pragma once

#include "client/chat/verbs.h"

void verb_upload(struct talk *t, char *args);
void verb_use(struct talk *t, char *args);
void verb_retry(struct talk *t, char *args);
void verb_edit(struct talk *t, char *args);
void verb_fork(struct talk *t, char *args);
void verb_sources(struct talk *t, char *args);
void verb_pdf(struct talk *t, char *args);
void verb_save(struct talk *t, char *args);
void verb_rate(struct talk *t, char *args);
void verb_thread(struct talk *t, char *args);
void verb_new(struct talk *t, char *args);
void verb_model(struct talk *t, char *args);
void verb_search(struct talk *t, char *args);
void verb_login(struct talk *t, char *args);

/*
 * What turn_begin remembers between calls: idempotency keys for 24 hours, and each terminal's last
 * thread.
 */
#pragma once

#include "common/sha256.h"
#include "daemon/store/db.h"
#include "daemon/store/turns.h"

/* What makes two asks the same ask. */
void key_digest(const struct op_turn_begin *op, uint8_t digest[SHA256_LEN]);
/*
 * *turn: the earlier turn, "" when the key is new or forgotten. STORE_E_CONFLICT: other content
 * under it.
 */
int key_find(struct db *db, const struct op_turn_begin *op, int64_t now_us, id_str turn,
	char **why);
int key_keep(struct db *db, const struct op_turn_begin *op, const char *turn, int64_t now_us,
	char **why);

/*
 * The thread to continue: the terminal's last, else the account's last from any terminal; "" none.
 */
int terminal_thread(struct db *db, const struct account *who, const char *terminal, id_str thread,
	char **why);
int terminal_keep(struct db *db, const struct account *who, const char *terminal,
	const char *thread, int64_t now_us, char **why);

-- Version 8: what did not end well, where it is looked for. Its 4 for DONE: enum turn_state.

CREATE INDEX ragchat_turn_odd ON ragchat_turn(account, state, thread, id) WHERE state > 4;

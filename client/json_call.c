/* Reading requests of JSON-RPC 2.0. */
#include "client/json_call.h"

#include <string.h>

#include "client/json_wire.h"
#include "common/mem.h"

static void read_id(struct call *c, struct json *j)
{
	enum json_type type = json_peek(j);
	struct json_slice raw, text;
	struct json look = *j;
	const char *why;
	bool fine = type == JSON_NUMBER || type == JSON_NULL;

	if (type == JSON_STRING)
		fine = json_string(&look, &text) && json_wire_string(&text, &why);
	c->has_id = true;
	if (!json_raw(j, &raw) || !fine || raw.n > CALL_ID) {
		c->bad_id = true;
		return;
	}
	memcpy(c->id, raw.p, raw.n);
	c->id[raw.n] = '\0';
}

static void read_method(struct call *c, struct json *j)
{
	struct json_slice raw;
	const char *why;
	char *text;

	c->has_method = true;
	c->bad_method = true;
	if (!json_string(j, &raw) || !json_wire_string(&raw, &why))
		return;
	text = json_strdup(&raw, LIMIT_METHOD);
	if (text && *text) {
		(void)snprintf(c->method, sizeof(c->method), "%s", text);
		c->bad_method = false;
	}
	mem_free(text);
}

bool call_read(struct call *c, const char *p, size_t n)
{
	struct json j;
	struct json_slice key, raw;

	*c = (struct call){ 0 };
	json_init(&j, p, n, CALL_DEPTH);
	if (!json_object(&j))
		return false;
	while (json_key(&j, &key)) {
		if (json_slice_is(&key, "id"))
			read_id(c, &j);
		else if (json_slice_is(&key, "method"))
			read_method(c, &j);
		else if (json_slice_is(&key, "params"))
			(void)json_raw(&j, &c->params);
		else if (json_slice_is(&key, "jsonrpc"))
			c->bad_version = !json_string(&j, &raw) || !json_slice_is(&raw, "2.0");
		else if (json_slice_is(&key, "result") || json_slice_is(&key, "error"))
			c->answers = true;
	}
	return true;
}

bool call_is_bad(const struct call *c)
{
	return !c->has_method || c->bad_method || c->bad_id || c->bad_version;
}

bool call_param(const struct call *c, const char *name, struct json *value)
{
	struct json_slice key;

	json_init(value, c->params.p, c->params.n, CALL_DEPTH);
	if (!c->params.n || (json_array(value) && !json_item(value)) || !json_object(value))
		return false;
	while (json_key(value, &key))
		if (json_slice_is(&key, name))
			return json_peek(value) != JSON_NULL;
	return false;
}

bool call_param_is_true(const struct call *c, const char *name)
{
	struct json value;
	bool b = false;

	return call_param(c, name, &value) && json_bool(&value, &b) && b;
}

char *call_param_text(const struct call *c, const char *name, size_t max)
{
	struct json value;
	struct json_slice raw;

	return call_param(c, name, &value) && json_string(&value, &raw) ? json_strdup(&raw, max) : NULL;
}

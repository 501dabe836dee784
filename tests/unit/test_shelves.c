/* Whose passages get their vectors next, and how far each account is. */
#include "daemon/chat/shelves.h"
#include "tests/unit/test.h"

static const struct vectors_shelf three[] = {
	{ .collection = 1, .passages = 900, .account = "ada" },
	{ .collection = 2, .passages = 500, .account = "ada" },
	{ .collection = 7, .passages = 3, .account = "bob" },
};

TEST(accounts_take_turns_however_much_they_have)
{
	struct shelves s = { 0 };
	int bob = 0;

	shelves_set(&s, three, 3);
	for (int i = 0; i < 10; i++)
		bob += shelves_next(&s)->is.collection == 7;
	check_int(bob, 5);
	shelf_end(shelves_find(&s, 7));
	for (int i = 0; i < 10; i++)
		check(shelves_next(&s)->is.collection < 7);
	shelf_end(shelves_find(&s, 1));
	shelf_end(shelves_find(&s, 2));
	check(!shelves_next(&s));
	shelves_fini(&s);
}

TEST(what_is_known_stays_and_what_came_is_looked_at)
{
	struct shelves s = { 0 };
	struct shelf *one;

	shelves_set(&s, three, 2);
	one = shelves_find(&s, 1);
	one->after = 900;
	shelf_count(one, 880);
	shelf_end(one);
	check_int(shelves_figures(&s, "ada").have, 880);
	shelves_set(&s, three, 3); /* bob's came */
	one = shelves_find(&s, 1);
	check(!one->end && one->after == 900 && one->have == 880);
	check_int(shelves_figures(&s, "bob").passages, 3);
	check_int(shelves_figures(&s, NULL).passages, 1403);
	check(!shelves_find(&s, 3) && !shelves_find(&s, 8));
	shelves_set(&s, three + 1, 2); /* one is gone */
	check(!shelves_find(&s, 1) && shelves_figures(&s, "ada").have == 0);
	shelves_fini(&s);
}

TEST(where_some_went_it_is_counted_from_the_beginning)
{
	struct shelves s = { 0 };
	struct shelf *one;

	shelves_set(&s, three, 3);
	one = shelves_find(&s, 1);
	one->after = 900;
	shelf_count(one, 900);
	shelf_end(one);
	shelves_recount(&s, "bob");
	shelves_set(&s, three, 3);
	check_int(shelves_find(&s, 1)->after, 900);
	shelves_recount(&s, "ada");
	shelves_set(&s, three, 3);
	one = shelves_find(&s, 1);
	check(one->after == 0 && one->have == 900);
	shelf_count(one, 850);
	check_int(one->have, 900); /* until it is known */
	shelf_end(one);
	check_int(one->have, 850);
	shelves_fini(&s);
}

TEST_MAIN()

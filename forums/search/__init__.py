"""What is found of what members say: `posts` finds threads, `similar` those like one that is being typed, `people` whom
one may name; `index` is kept by the verbs that write."""

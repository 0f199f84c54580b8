/* Ends one reading of the rows of spec/models/livekit.def; the next may give their names another meaning. No include guard: that is the point. */
#undef PROTO
#undef STRING
#undef INTEGER
#undef DOUBLE
#undef FLAG
#undef TRISTATE
#undef CHOICE
#undef MESSAGE
#undef MESSAGES
#undef STRINGS
#undef CHOICES
#undef MAP
#undef BYTES
#undef DURATION
#undef MOMENT
#undef END_PROTO

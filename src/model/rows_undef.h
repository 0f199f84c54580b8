/* Ends one reading of the model rows; the next may give the row names another meaning. No include guard: that is the point. */
#undef MODEL
#undef STR
#undef EMAIL
#undef UUID
#undef INT
#undef BOOL
#undef TIME
#undef FUTURE
#undef STAMP
#undef ENUM
#undef ANY
#undef OBJ
#undef LIST
#undef TEXTS
#undef END

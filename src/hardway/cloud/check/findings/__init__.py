"""What is amiss with a cloud as a whole: one file a subject, each a reading and a pure judgement of it."""

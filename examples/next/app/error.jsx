"use client";

export default function Failed() {
  return <p>Something does not work. Try again in a moment.</p>;
}

import { requireUser } from "../../lib/user";

export default async function Orders() {
  const user = await requireUser("/orders");
  return <p>{`Orders of ${user.name}`}</p>;
}
